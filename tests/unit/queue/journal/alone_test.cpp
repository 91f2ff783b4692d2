// A message that ends the process each time that it is worked on is found, whatever else is there.
#include <freshet/error.hpp>

#include "queue/journal/dead_request.hpp"
#include "queue/journal/journal.hpp"
#include "queue/operations.hpp"
#include "shard/shard.hpp"
#include "support/queue_user.hpp"
#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

namespace freshet::test {

namespace {

using bodies = std::vector<std::string>;

/// One process after another over the same journal, each of which is killed.
class many_lives : public testing::Test {
protected:
    many_lives() {
        home_.start();
        open();
    }
    ~many_lives() override {
        journal_.reset();
        home_.stop();
    }

    void open() {
        auto opened = open_journal({.path = path_, .allow_tmpfs = true, .queues_max = 10, .defaults = {}});
        ASSERT_TRUE(opened) << opened.error().text;
        journal_ = *std::move(opened);
    }
    /// The next life finds what this one has on the disk now.
    void kill() {
        const std::string next = folder_.file("journal-" + std::to_string(++lives_));
        for (const char* const suffix : {"", "-wal", ".mark"})
            std::filesystem::copy_file(path_ + suffix, next + suffix);
        journal_.reset();
        path_ = next;
        open();
    }
    queue_user jobs(std::string_view name = "jobs") { return {home_, journal_->open(name, {})}; }
    /// What is taken from there is only passed on.
    queue_user passed() { return {home_, journal_->open("passed", {.harmless = true})}; }
    /// Takes what there is, all at once, and is killed.
    bodies take_and_kill() {
        const bodies taken = jobs().receive_bodies();
        kill();
        return taken;
    }
    std::vector<dead_letter> dead() {
        awaited<dead_request> r(home_);
        journal_->dead_letters(r);
        r.wait_home();
        return std::move(r.letters);
    }

    temporary_folder folder_;
    std::string path_{folder_.file("journal")};
    unsigned lives_{0};
    shard home_{"test"};
    std::unique_ptr<journal> journal_;
};

}  // namespace

TEST_F(many_lives, a_message_that_ends_the_process_each_time_is_dead_in_the_end) {
    for (const auto* body : {"killer", "a", "b"}) jobs().publish(body);
    for (int life = 1; life <= 3; ++life) EXPECT_EQ(take_and_kill(), (bodies{"killer", "a", "b"})) << life;
    for (int life = 4; life <= 6; ++life) EXPECT_EQ(take_and_kill(), bodies{"killer"}) << life;
    EXPECT_EQ(take_and_kill(), bodies{"a"}) << "alone, too";
    const auto letters = dead();
    ASSERT_EQ(letters.size(), 1U);
    EXPECT_EQ(letters.front().message.body, "killer");
    EXPECT_EQ(letters.front().reason, "the process ended three times while this alone was worked on");
    for (const auto* body : {"a", "b"}) {
        const delivery d = jobs().receive_one();
        EXPECT_EQ(d.message.body, body);
        EXPECT_EQ(jobs().ack(d), settlement::outcome::done);
    }
}

TEST_F(many_lives, kills_while_others_are_worked_on_bury_nobody) {
    for (int i = 0; i < 30; ++i) jobs().publish(std::to_string(i));
    for (int i = 0; i < 30; ++i) {
        const delivery d = jobs().receive_one();
        EXPECT_EQ(d.message.body, std::to_string(i));
        EXPECT_EQ(jobs().ack(d), settlement::outcome::done);
        jobs().receive(1);
        kill();
    }
    EXPECT_TRUE(dead().empty());
    EXPECT_EQ(jobs().of().length(), 0U);
}

TEST_F(many_lives, nothing_is_handed_out_beside_what_is_alone) {
    for (const auto* body : {"a", "b"}) jobs().publish(body);
    for (int life = 1; life <= 3; ++life) take_and_kill();
    jobs("others").publish("new");
    const delivery a = jobs().receive_one();
    EXPECT_EQ(a.message.body, "a");
    EXPECT_TRUE(jobs().receive().empty());
    EXPECT_TRUE(jobs("others").receive().empty());
    EXPECT_EQ(jobs().ack(a), settlement::outcome::done);
    EXPECT_EQ(jobs().receive_bodies(), bodies{"b"});
}

TEST_F(many_lives, who_waits_gets_the_next_as_soon_as_nothing_is_worked_on) {
    for (const auto* body : {"a", "b"}) jobs().publish(body);
    for (int life = 1; life <= 3; ++life) take_and_kill();
    const delivery a = jobs().receive_one();
    awaited<reception> waits(home_);
    waits.wait = seconds(60);
    jobs().of().receive(waits);
    EXPECT_EQ(jobs().ack(a), settlement::outcome::done);
    waits.wait_home();
    ASSERT_EQ(waits.deliveries.size(), 1U);
    EXPECT_EQ(waits.deliveries.front().message.body, "b");
}

TEST_F(many_lives, once_all_of_them_are_worked_off_many_are_handed_out_again) {
    for (const auto* body : {"a", "b"}) jobs().publish(body);
    for (int life = 1; life <= 3; ++life) take_and_kill();
    for (int i = 0; i < 2; ++i) jobs().ack(jobs().receive_one());
    for (const auto* body : {"c", "d", "e"}) jobs().publish(body);
    EXPECT_GT(jobs().receive_bodies().size(), 1U);
}

TEST_F(many_lives, an_end_in_good_order_makes_them_all_innocent) {
    for (const auto* body : {"a", "b"}) jobs().publish(body);
    for (int life = 1; life <= 3; ++life) take_and_kill();
    journal_.reset();
    open();
    EXPECT_EQ(jobs().receive_bodies(), (bodies{"a", "b"}));
}

TEST_F(many_lives, what_is_only_passed_on_is_never_alone_and_holds_up_nothing_that_is) {
    for (const auto* body : {"a", "b"}) jobs().publish(body);
    for (const auto* body : {"p", "q"}) passed().publish(body);
    for (int life = 1; life <= 7; ++life) {
        EXPECT_EQ(passed().receive_bodies(), (bodies{"p", "q"})) << life;
        EXPECT_FALSE(take_and_kill().empty()) << life;
    }
    const auto letters = dead();
    ASSERT_EQ(letters.size(), 1U);
    EXPECT_EQ(letters.front().message.body, "a");
}

}  // namespace freshet::test
