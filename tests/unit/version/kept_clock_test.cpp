#include "version/kept_clock.hpp"

#include <freshet/time.hpp>

#include "support/temporary_folder.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace freshet::test {
namespace {

class kept_clocks : public testing::Test {
protected:
    std::unique_ptr<kept_clock> open() {
        auto opened = kept_clock::open(path, 7);
        EXPECT_TRUE(opened) << opened.error().text;
        return opened ? *std::move(opened) : nullptr;
    }
    void write(std::size_t at, const std::string& text) {
        std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(static_cast<std::streamoff>(at));
        file << text;
    }

    temporary_folder folder;
    std::string path = folder.file("clock");
};

TEST_F(kept_clocks, goes_on_above_what_an_earlier_run_has_given_though_time_went_back) {
    const auto now = wall::now();
    const auto given = open()->next(0, now);
    ASSERT_TRUE(given);
    const auto later = open();
    const auto again = later->next(0, now - seconds(3'600));
    ASSERT_TRUE(again);
    EXPECT_GT(*again, *given);
    EXPECT_EQ(node_of(*again), 7U);
}

TEST_F(kept_clocks, a_step_ahead_is_followed_soon) {
    const auto clock = open();
    const auto ahead = wall::now() + seconds(3'600);
    std::optional<version> given = clock->next(version_at(ahead), wall::now());
    EXPECT_FALSE(given);
    while (!given) given = clock->next(version_at(ahead), wall::now());
    EXPECT_GT(*given, version_at(ahead));
}

TEST_F(kept_clocks, belongs_to_one_process) {
    const auto first = open();
    const auto second = kept_clock::open(path, 8);
    ASSERT_FALSE(second);
    EXPECT_NE(second.error().text.find("another process uses it"), std::string::npos);
}

TEST_F(kept_clocks, a_torn_mark_leaves_the_one_before) {
    std::optional<version> given;
    for (int i = 0; i < 2; ++i) given = open()->next(0, wall::now());
    write(0, "123");
    EXPECT_GT(*open()->next(0, wall::now()), *given);
    write(4'096, "123");
    EXPECT_GT(*open()->next(0, wall::now()), *given);
}

TEST_F(kept_clocks, what_an_earlier_run_has_given_is_not_of_this_one) {
    const auto given = open()->next(0, wall::now());
    const auto later = open();
    EXPECT_FALSE(later->is_of_this_run(*given));
    const auto again = later->next(0, wall::now());
    EXPECT_TRUE(later->is_of_this_run(*again));
    EXPECT_TRUE(later->may_have_given(*again));
}

TEST_F(kept_clocks, a_mark_that_is_no_version_is_none) {
    for (const std::size_t slot : {0, 4'096}) write(slot, fmt::format("{0:20}\n{0:20}\n", version_end));
    EXPECT_LT(*open()->next(0, wall::now()), version_end);
}

TEST_F(kept_clocks, a_folder_that_is_not_there_is_said) {
    const auto none = kept_clock::open(folder.file("none/clock"), 7);
    ASSERT_FALSE(none);
    EXPECT_NE(none.error().text.find("No such file"), std::string::npos);
}

}  // namespace
}  // namespace freshet::test
