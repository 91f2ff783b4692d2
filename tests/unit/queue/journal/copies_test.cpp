// A message that is put into several queues is in all of them, or in none.
#include <freshet/config.hpp>
#include <freshet/error.hpp>
#include <freshet/message.hpp>
#include <freshet/time.hpp>

#include "protocol/reply.hpp"
#include "queue/journal/dead_request.hpp"
#include "queue/journal/drop_request.hpp"
#include "queue/journal/journal.hpp"
#include "queue/operations.hpp"
#include "shard/shard.hpp"
#include "support/manual_clock.hpp"
#include "support/queue_user.hpp"
#include "support/temporary_folder.hpp"

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace freshet::test {

namespace {

using namespace std::chrono_literals;
using strings = std::vector<std::string>;

message keyed(std::string key, std::string body) {
    message m;
    m.key = std::move(key);
    m.body = std::move(body);
    return m;
}

message named(std::string id) {
    message m;
    m.id = std::move(id);
    return m;
}

/// What is published to a is put into b and c, too.
class copies : public testing::Test {
protected:
    copies() {
        home_.start();
        open();
    }
    ~copies() override {
        journal_->stop();
        journal_.reset();
        home_.stop();
    }

    void open() {
        journal_.reset();
        auto opened = open_journal(
            {.path = folder_.file("journal"), .allow_tmpfs = true, .queues_max = 10, .queue_idle = 1h, .defaults = {}},
            clock_);
        if (!opened) throw std::runtime_error(opened.error().text);
        journal_ = *std::move(opened);
        queue& from = journal_->open("a", of_a_);
        queue* const others[] = {&journal_->open("b", of_b_), &journal_->open("c", of_c_)};
        journal_->set_copies(from, others);
    }
    queue_user user(std::string_view name) { return {home_, *journal_->find(name)}; }
    std::vector<std::uint64_t> lengths() {
        return {user("a").of().length(), user("b").of().length(), user("c").of().length()};
    }
    void expect_refused(errc code, std::string_view by, message m = {}) {
        const auto before = lengths();
        const auto a = user("a").publish(std::move(m));
        EXPECT_EQ(a.outcome, publication::outcome::failed);
        EXPECT_EQ(a.why.code, code);
        EXPECT_EQ(a.why.effect, effect::not_done);
        EXPECT_EQ(a.why.subject, by);
        EXPECT_EQ(lengths(), before);
    }

    temporary_folder folder_;
    manual_clock clock_;
    queue_options of_a_, of_b_, of_c_;
    shard home_{"test"};
    std::unique_ptr<journal> journal_;
};

TEST_F(copies, are_as_it_was_published) {
    message m = keyed("k", "body");
    m.flags = 7;
    m.headers = {{"one", "1"}, {"freshet-change", "set"}};
    m.origin = "origin";
    m.not_before = clock_.now().date + 1min;
    m.expires = clock_.now().date + 1h;
    const auto published = user("a").publish(m);
    ASSERT_EQ(published.outcome, publication::outcome::confirmed);
    const auto at = clock_.now().date;
    EXPECT_TRUE(user("b").receive().empty());
    clock_.pass(2min);
    for (const char* name : {"a", "b", "c"}) {
        const delivery d = user(name).receive_one();
        EXPECT_EQ(d.message.id, published.id);
        EXPECT_EQ(d.message.key, m.key);
        EXPECT_EQ(d.message.body, m.body);
        EXPECT_EQ(d.message.flags, m.flags);
        EXPECT_EQ(d.message.headers, m.headers);
        EXPECT_EQ(d.message.origin, m.origin);
        EXPECT_EQ(d.message.not_before, m.not_before);
        EXPECT_EQ(d.message.expires, m.expires);
        EXPECT_EQ(std::chrono::floor<milliseconds>(d.message.time), std::chrono::floor<milliseconds>(at));
        EXPECT_EQ(d.message.attempt, 1U);
        EXPECT_FALSE(d.redelivered);
    }
}

TEST_F(copies, have_numbers_attempts_and_ends_of_their_own) {
    user("b").publish("only in b");
    queue_user a = user("a"), b = user("b"), c = user("c");
    a.publish("all");
    EXPECT_EQ(b.receive_bodies(), (strings{"only in b", "all"}));
    EXPECT_EQ(c.ack(c.receive_one()), settlement::outcome::done);
    const delivery d = a.receive_one();
    EXPECT_EQ(a.retry(d), settlement::outcome::done);
    EXPECT_EQ(a.receive_one().message.attempt, 2U);
    EXPECT_EQ(lengths(), (std::vector<std::uint64_t>{1, 2, 0}));
}

TEST_F(copies, are_in_the_order_of_all_that_is_published_there) {
    std::vector<std::unique_ptr<awaited<publication>>> all;
    for (int i = 0; i < 100; ++i) {
        all.push_back(std::make_unique<awaited<publication>>(home_));
        all.back()->message = keyed("k", std::to_string(i));
        user(i % 3 == 0 ? "b" : "a").of().publish(*all.back());
    }
    for (const auto& p : all) p->wait_home();
    queue_user b = user("b");
    for (int i = 0; i < 100; ++i) {
        const delivery d = b.receive_one();
        EXPECT_EQ(d.message.body, std::to_string(i));
        b.ack(d);
    }
}

TEST_F(copies, wake_who_waits_for_one) {
    awaited<reception> r(home_);
    r.wait = milliseconds::max();
    user("c").of().receive(r);
    user("a").publish("x");
    r.wait_home();
    ASSERT_EQ(r.deliveries.size(), 1U);
    EXPECT_EQ(r.deliveries.front().message.body, "x");
}

TEST_F(copies, outlive_a_restart) {
    for (int i = 0; i < 3; ++i) user("a").publish(std::to_string(i));
    user("b").ack(user("b").receive_one());
    open();
    EXPECT_EQ(lengths(), (std::vector<std::uint64_t>{3, 2, 3}));
    EXPECT_EQ(user("b").receive_bodies(), (strings{"1", "2"}));
    EXPECT_EQ(user("c").receive_bodies(), (strings{"0", "1", "2"}));
}

TEST_F(copies, one_that_is_full_refuses_for_all) {
    of_c_.length_max = 1;
    open();
    queue_user a = user("a"), c = user("c");
    EXPECT_EQ(a.publish("first").outcome, publication::outcome::confirmed);
    expect_refused(errc::queue_full, "queue c");
    EXPECT_EQ(c.ack(c.receive_one()), settlement::outcome::done);
    EXPECT_EQ(a.publish("second").outcome, publication::outcome::confirmed);
    open();
    EXPECT_EQ(lengths(), (std::vector<std::uint64_t>{2, 2, 1}));
}

TEST_F(copies, one_that_has_no_room_for_the_bytes_refuses_for_all) {
    of_b_.bytes_max = 1'000;
    open();
    expect_refused(errc::queue_bytes_full, "queue b", keyed("", std::string(2'000, 'x')));
    EXPECT_EQ(user("a").publish("small").outcome, publication::outcome::confirmed);
    EXPECT_EQ(lengths(), (std::vector<std::uint64_t>{1, 1, 1}));
}

TEST_F(copies, are_not_made_of_what_the_first_queue_refuses) {
    of_a_.length_max = 1;
    open();
    user("a").publish("first");
    expect_refused(errc::queue_full, "queue a");
}

TEST_F(copies, expired_ones_make_room_in_a_full_queue) {
    of_b_.length_max = 1;
    open();
    message m = named("old");
    m.expires = clock_.now().date + 1s;
    user("a").publish(m);
    expect_refused(errc::queue_full, "queue b");
    clock_.pass(2s);
    EXPECT_EQ(user("a").publish("new").outcome, publication::outcome::confirmed);
    user("b").catch_up();
    EXPECT_EQ(lengths(), (std::vector<std::uint64_t>{2, 1, 2}));
}

TEST_F(copies, are_made_of_no_duplicate) {
    queue_user a = user("a");
    EXPECT_EQ(a.publish(named("1"), true).outcome, publication::outcome::confirmed);
    EXPECT_EQ(a.publish(named("1"), true).outcome, publication::outcome::duplicate);
    std::vector<std::unique_ptr<awaited<publication>>> chain;
    for (int i = 0; i < 6; ++i) {  // in one transaction
        chain.push_back(std::make_unique<awaited<publication>>(home_));
        chain.back()->message.id = std::to_string(i / 2);
        chain.back()->unique = true;
        if (i != 0) chain[chain.size() - 2]->next = chain.back().get();
    }
    a.of().publish(*chain.front(), *chain.back());
    for (const auto& p : chain) p->wait_home();
    EXPECT_EQ(lengths(), (std::vector<std::uint64_t>{3, 3, 3}));
    EXPECT_EQ(user("b").publish(named("1"), true).outcome, publication::outcome::confirmed)
        << "b itself has accepted nothing under that id";
    open();
    EXPECT_EQ(lengths(), (std::vector<std::uint64_t>{3, 4, 3}));
}

TEST_F(copies, are_not_made_of_a_dead_letter_that_is_replayed) {
    queue_user a = user("a");
    a.publish("x");
    EXPECT_EQ(a.settle(settlement::action::dead, a.receive_one().number, {}, "no"), settlement::outcome::done);
    EXPECT_EQ(lengths(), (std::vector<std::uint64_t>{0, 1, 1}));
    EXPECT_EQ(dead_letters(home_, *journal_).size(), 1U);
    awaited<dead_request> r(home_);
    r.action = dead_request::action::replay;
    journal_->dead_letters(r);
    r.wait_home();
    EXPECT_EQ(r.count, 1U);
    EXPECT_EQ(lengths(), (std::vector<std::uint64_t>{1, 1, 1}));
}

TEST_F(copies, of_a_copy_are_not_made) {
    user("b").publish("x");
    EXPECT_EQ(lengths(), (std::vector<std::uint64_t>{0, 1, 0}));
}

TEST_F(copies, are_counted_nowhere_when_the_journal_has_stopped) {
    user("a").publish("x");
    std::filesystem::remove(folder_.file("journal"));
    clock_.pass(1s);  // it looks at its place
    journal_->results();
    expect_refused(errc::journal_stopped, "queue a");
}

TEST_F(copies, keep_the_queues_that_they_are_in) {
    user("a").publish("x");
    for (const char* name : {"a", "b", "c"}) user(name).ack(user(name).receive_one());
    clock_.pass(3h);
    for (int i = 0; i < 3; ++i) journal_->results();
    EXPECT_EQ(journal_->names().size(), 3U);
    awaited<drop_request> r(home_);
    r.queue = "b";
    r.with_all = true;
    journal_->drop(r);
    r.wait_home();
    EXPECT_EQ(r.outcome, drop_request::outcome::configured);
    user("a").publish("y");
    EXPECT_EQ(lengths(), (std::vector<std::uint64_t>{1, 1, 1}));
}

}  // namespace

}  // namespace freshet::test
