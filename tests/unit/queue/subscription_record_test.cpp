#include "queue/subscription_record.hpp"

#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace freshet::test {
namespace {

using state = subscription_record::state;

class subscription : public testing::Test {
protected:
    std::string text() const {
        std::ostringstream all;
        all << std::ifstream(path).rdbuf();
        return all.str();
    }
    void put(const std::string& text) const { std::ofstream(path) << text; }
    state is_after_a_start() const { return subscription_record(path, "nyc.changes").is(); }

    temporary_folder folder;
    const std::string path = folder.file("subscription.changes");
};

TEST_F(subscription, is_none_until_it_is_written) {
    EXPECT_EQ(is_after_a_start(), state::none);
    EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(subscription, is_what_was_written_last_over_a_start) {
    subscription_record record(path, "nyc.changes");
    for (const state s : {state::known, state::lost, state::known}) {
        EXPECT_EQ(record.write(s), "");
        EXPECT_EQ(record.is(), s);
        EXPECT_EQ(is_after_a_start(), s);
    }
}

TEST_F(subscription, is_one_line_for_people) {
    subscription_record record(path, "nyc.changes");
    EXPECT_EQ(record.write(state::lost), "");
    EXPECT_EQ(text(), "lost: the subscription to nyc.changes was gone, and its store is not emptied yet\n");
    EXPECT_EQ(record.write(state::known), "");
    EXPECT_EQ(text(), "known: there is a subscription to nyc.changes\n");
}

TEST_F(subscription, to_something_else_is_told) {
    for (const state s : {state::known, state::lost}) {
        EXPECT_EQ(subscription_record(path, "nyc.changes").write(s), "");
        EXPECT_EQ(subscription_record(path, "nyc.changes").other(), "");
        EXPECT_EQ(subscription_record(path, "ny.changes").other(), "nyc.changes");
    }
    EXPECT_EQ(subscription_record(folder.file("none"), "ny.changes").other(), "");
}

TEST_F(subscription, whose_file_is_damaged_is_known) {
    for (const char* const damaged : {"", "\n", "lo", "nonsense"}) {
        put(damaged);
        EXPECT_EQ(is_after_a_start(), state::known) << damaged;
        EXPECT_EQ(subscription_record(path, "nyc.changes").other(), "");
    }
    std::filesystem::remove(path);
    std::filesystem::create_directory(path);
    EXPECT_EQ(is_after_a_start(), state::known);
}

TEST_F(subscription, that_cannot_be_written_says_so_and_is_what_it_was) {
    const std::string nowhere = folder.file("nothing/subscription.changes");
    subscription_record record(nowhere, "nyc.changes");
    EXPECT_EQ(record.write(state::known), "its file " + nowhere + " cannot be written: No such file or directory");
    EXPECT_EQ(record.is(), state::none);
}

TEST_F(subscription, of_a_process_whose_store_ends_with_it_misses_nothing_but_what_it_cannot_hear) {
    subscription_record record;
    EXPECT_EQ(record.is(), state::none);
    record.cut_off();
    EXPECT_EQ(record.is(), state::known);
    EXPECT_EQ(record.write(state::lost), "");
    record.cut_off();
    EXPECT_EQ(record.is(), state::lost);
}

TEST_F(subscription, that_is_kept_is_a_first_one_however_long_the_broker_is_away) {
    subscription_record record(path, "nyc.changes");
    record.cut_off();
    EXPECT_EQ(record.is(), state::none);
}

}  // namespace
}  // namespace freshet::test
