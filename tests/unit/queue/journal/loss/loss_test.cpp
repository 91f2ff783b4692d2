// What was confirmed and is not there is not passed over in silence: journals of processes that were killed, with logs
// that were damaged afterwards.
#include <freshet/error.hpp>

#include "queue/journal/journal.hpp"
#include "queue/journal/loss/write_ahead_log.hpp"
#include "queue/operations.hpp"
#include "shard/shard.hpp"
#include "support/queue_user.hpp"
#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace freshet::test {

namespace {

constexpr unsigned confirmed = 40;
constexpr std::size_t page_bytes = 8'192, frame_bytes = page_bytes + 24, log_header_bytes = 32;

class lost_log : public testing::Test {
protected:
    lost_log() { home_.start(); }
    ~lost_log() override { home_.stop(); }

    static journal_options options(const std::string& path, bool accept_loss = false) {
        return {.path = path, .accept_loss = accept_loss, .allow_tmpfs = true, .queues_max = 10, .defaults = {}};
    }
    /// The files as a process that is killed now leaves them.
    void kill() {
        for (const char* const suffix : {"", "-wal", ".mark"})
            std::filesystem::copy_file(living_ + suffix, path_ + suffix,
                                       std::filesystem::copy_options::overwrite_existing);
    }
    /// One transaction for each message.
    void publish(journal& to, unsigned count) {
        queue_user q(home_, to.open("jobs", {}));
        for (unsigned i = 0; i < count; ++i)
            ASSERT_EQ(q.publish("body " + std::to_string(i)).outcome, publication::outcome::confirmed);
    }
    void publish_and_kill() {
        const auto opened = open_journal(options(living_));
        ASSERT_TRUE(opened) << opened.error().text;
        publish(**opened, confirmed);
        kill();
    }
    /// What is there, or why it is not opened.
    std::string look(bool accept_loss = false) {
        const auto opened = open_journal(options(path_, accept_loss));
        if (!opened) return opened.error().text;
        queue_user q(home_, (*opened)->open("jobs", {}));
        std::size_t count = 0;
        for (auto some = q.receive(); !some.empty(); some = q.receive()) count += some.size();
        return std::to_string(count);
    }
    void expect_refused(std::string_view why) {
        const std::string said = look();
        EXPECT_NE(said.find(why), std::string::npos) << said;
        EXPECT_NE(said.find("freshet serve --accept-loss"), std::string::npos) << said;
    }
    std::string read(const std::string& suffix) {
        std::ifstream file(path_ + suffix, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    void write(const std::string& suffix, std::string_view bytes) {
        std::ofstream(path_ + suffix, std::ios::binary | std::ios::trunc) << bytes;
    }
    void flip(std::size_t at) {
        std::string log = read("-wal");
        ASSERT_GT(log.size(), at);
        log[at] ^= 4;
        write("-wal", log);
    }
    std::size_t frames() { return (read("-wal").size() - log_header_bytes) / frame_bytes; }
    void forget_mark() { std::filesystem::remove(path_ + ".mark"); }

    temporary_folder folder_;
    std::string living_{folder_.file("living")}, path_{folder_.file("journal")};
    shard home_{"test"};
};

}  // namespace

TEST_F(lost_log, of_a_killed_process_nothing_is_missing) {
    publish_and_kill();
    EXPECT_EQ(look(), "40");
    EXPECT_FALSE(std::filesystem::exists(path_ + ".mark")) << "it was closed in good order";
}

TEST_F(lost_log, its_frames_are_what_sqlite_takes) {
    publish_and_kill();
    const write_ahead_log log = read_write_ahead_log(path_ + "-wal", page_bytes);
    EXPECT_TRUE(log.generation);
    EXPECT_EQ(log.frames, frames());
    EXPECT_EQ(log.cut_off, 0U);
}

TEST_F(lost_log, a_flipped_bit_is_said_wherever_it_is) {
    publish_and_kill();
    const std::string whole = read("-wal"), mark = read(".mark");
    for (std::size_t i = 0; i < 12; ++i) {
        write("-wal", whole);
        write(".mark", mark);
        flip(log_header_bytes + frames() * i / 12 * frame_bytes + i * 700);
        expect_refused("its log ");
    }
    write("-wal", whole);
    EXPECT_EQ(look(), "40");
}

TEST_F(lost_log, after_a_power_cut_a_flipped_bit_before_the_last_transaction_is_said) {
    publish_and_kill();
    forget_mark();
    const std::string whole = read("-wal");
    for (std::size_t i = 0; i < 12; ++i) {
        write("-wal", whole);
        flip(log_header_bytes + frames() * i / 13 * frame_bytes + i * 700);
        expect_refused("transactions that were confirmed stand there");
    }
}

TEST_F(lost_log, what_a_power_cut_leaves_is_opened) {
    publish_and_kill();
    forget_mark();
    const std::string whole = read("-wal");
    write("-wal", std::string_view(whole).substr(0, whole.size() - 100));
    EXPECT_EQ(look(), "39") << "the last transaction was not confirmed";
}

TEST_F(lost_log, a_log_that_was_cut_is_said) {
    publish_and_kill();
    const std::string whole = read("-wal"), mark = read(".mark");
    for (std::size_t size = 0; size < whole.size(); size += 1 + whole.size() / 20) {
        write("-wal", std::string_view(whole).substr(0, size));
        write(".mark", mark);
        expect_refused("its log ends with page");
    }
}

TEST_F(lost_log, a_log_that_is_missing_is_said) {
    publish_and_kill();
    std::filesystem::remove(path_ + "-wal");
    expect_refused("its log is missing");
    forget_mark();
    expect_refused("its log is missing");
}

TEST_F(lost_log, a_log_of_zeros_is_said) {
    publish_and_kill();
    write("-wal", std::string(read("-wal").size(), '\0'));
    expect_refused("its log ends with page 0");
}

TEST_F(lost_log, an_older_copy_of_the_file_is_not_filled_from_a_younger_log) {
    {
        const auto opened = open_journal(options(living_));
        ASSERT_TRUE(opened);
        publish(**opened, 3);
    }
    const std::string older = [&] {
        std::ifstream file(living_, std::ios::binary);
        return std::string{std::istreambuf_iterator<char>(file), {}};
    }();
    publish_and_kill();
    write("", older);
    expect_refused("an older copy than the log beside it");
    EXPECT_EQ(look(true), "3");
    EXPECT_TRUE(std::filesystem::exists(path_ + "-wal.lost"));
}

TEST_F(lost_log, a_file_that_is_missing_beside_its_mark_is_said) {
    publish_and_kill();
    std::filesystem::remove(path_);
    std::filesystem::remove(path_ + "-wal");
    EXPECT_NE(look().find("it is missing and its mark is there"), std::string::npos);
}

TEST_F(lost_log, who_accepts_the_loss_goes_on_with_the_rest) {
    publish_and_kill();
    const std::string whole = read("-wal");
    flip(log_header_bytes + frames() / 2 * frame_bytes + 40);
    const std::string damaged = read("-wal");
    const auto left = std::stoul(look(true));
    EXPECT_GT(left, confirmed / 4);
    EXPECT_LT(left, confirmed);
    EXPECT_EQ(read("-wal.lost"), damaged);
    EXPECT_EQ(look(), std::to_string(left)) << "and is a whole journal again";
}

TEST_F(lost_log, a_mark_that_is_older_than_the_log_refuses_nothing) {
    const auto opened = open_journal(options(living_));
    ASSERT_TRUE(opened);
    publish(**opened, 5);
    kill();
    const std::string older = read(".mark");
    publish(**opened, 5);
    kill();
    write(".mark", older);
    EXPECT_EQ(look(), "10");
}

// The log is moved into the file when it is long, and begins anew.
TEST_F(lost_log, a_log_that_began_anew_is_known_by_its_generation) {
    const auto opened = open_journal(options(living_));
    ASSERT_TRUE(opened);
    queue_user q(home_, (*opened)->open("jobs", {}));
    for (unsigned i = 0; i < 40; ++i)
        ASSERT_EQ(q.publish(std::string(1 << 20, 'x')).outcome, publication::outcome::confirmed);
    kill();
    const std::string whole = read("-wal");
    EXPECT_LT(read_write_ahead_log(path_ + "-wal", page_bytes).frames, frames()) << "it holds older frames behind";
    EXPECT_EQ(look(), "40");
    kill();
    flip(log_header_bytes + 40);
    expect_refused("its log ");
}

TEST_F(lost_log, a_journal_that_is_deleted_while_it_is_open_takes_nothing_more) {
    const auto opened = open_journal(options(living_));
    ASSERT_TRUE(opened);
    queue_user q(home_, (*opened)->open("jobs", {}));
    ASSERT_EQ(q.publish("one").outcome, publication::outcome::confirmed);
    std::filesystem::remove(living_);
    auto answer = q.publish("two");
    while (answer.outcome == publication::outcome::confirmed) answer = q.publish("three");
    EXPECT_EQ(answer.why.code, errc::journal_stopped);
}

TEST_F(lost_log, a_log_that_is_deleted_while_it_is_open_takes_nothing_more) {
    const auto opened = open_journal(options(living_));
    ASSERT_TRUE(opened);
    queue_user q(home_, (*opened)->open("jobs", {}));
    ASSERT_EQ(q.publish("one").outcome, publication::outcome::confirmed);
    std::filesystem::remove(living_ + "-wal");
    auto answer = q.publish("two");
    while (answer.outcome == publication::outcome::confirmed) answer = q.publish("three");
    EXPECT_EQ(answer.why.code, errc::journal_stopped);
}

}  // namespace freshet::test
