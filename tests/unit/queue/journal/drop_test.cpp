// Queues that clients have made go when they are empty and unused, or when an operator says so.
#include <freshet/error.hpp>
#include <freshet/message.hpp>
#include <freshet/time.hpp>

#include "protocol/reply.hpp"
#include "queue/journal/dead_request.hpp"
#include "queue/journal/drop_request.hpp"
#include "queue/journal/file/sqlite.hpp"
#include "queue/journal/journal.hpp"
#include "queue/operations.hpp"
#include "queue/queue.hpp"
#include "shard/shard.hpp"
#include "support/manual_clock.hpp"
#include "support/queue_user.hpp"
#include "support/temporary_folder.hpp"

#include <algorithm>
#include <atomic>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace freshet::test {

namespace {

using namespace std::chrono_literals;
using action = queue_user::action;
using settled = queue_user::settled;
using dropped = enum drop_request::outcome;

class queues_that_go : public testing::Test {
protected:
    queues_that_go() {
        home_.start();
        defaults_.max_attempts = 2;
        defaults_.ack_timeout = 5h;
        defaults_.dedupe = 5h;
        open();
    }
    ~queues_that_go() override {
        journal_->stop();
        journal_.reset();
        home_.stop();
    }

    void open(milliseconds idle = 1h, std::size_t queues_max = 1'000) {
        journal_.reset();
        auto opened = open_journal({.path = folder_.file("journal"),
                                    .allow_tmpfs = true,
                                    .queues_max = queues_max,
                                    .queue_idle = idle,
                                    .defaults = defaults_},
                                   clock_);
        if (!opened) throw std::runtime_error(opened.error().text);
        journal_ = *std::move(opened);
    }
    /// Time goes on, and the writer has seen it.
    void pass(milliseconds time) {
        clock_.pass(time);
        turns(2);
    }
    void turns(int count) {
        for (int i = 0; i < count; ++i) journal_->results();
    }
    queue_ptr made(const std::string& name) {
        auto q = journal_->find_or_make(name);
        if (!q) throw std::runtime_error(std::string(explain(q.error().code)));
        return *q;
    }
    bool is_there(const std::string& name) const {
        const auto all = journal_->names();
        return std::find(all.begin(), all.end(), name) != all.end();
    }
    /// Published, received and acknowledged: the message's number.
    std::uint64_t pass_one_through(const std::string& name) {
        const queue_ptr q = made(name);
        queue_user user(home_, *q);
        user.publish("x");
        const delivery d = user.receive_one();
        EXPECT_EQ(user.ack(d), settled::done);
        return d.number;
    }
    struct drop_answer {
        dropped outcome;
        queue_figures figures;
        bool remembers;
    };
    drop_answer drop(const std::string& name, bool with_all) {
        awaited<drop_request> r(home_);
        r.queue = name;
        r.with_all = with_all;
        journal_->drop(r);
        r.wait_home();
        EXPECT_FALSE(r.why);
        return {r.outcome, r.figures, r.remembers};
    }
    /// All rows of a table that concern queues, of the file that is closed for that.
    std::int64_t rows(const char* table) {
        journal_->stop();
        sqlite_database file;
        EXPECT_EQ(file.open(folder_.file("journal"), false), 0);
        const std::string sql = std::string("SELECT count(*) FROM ") + table;
        const std::int64_t count = file.ask(sql.c_str(), -1);
        file.close();
        open();
        return count;
    }

    temporary_folder folder_;
    manual_clock clock_;
    queue_options defaults_;
    shard home_{"test"};
    std::unique_ptr<journal> journal_;
};

TEST_F(queues_that_go, idle_one_goes_and_its_name_makes_a_new_one) {
    const auto before = pass_one_through("a");
    pass(59min);
    EXPECT_TRUE(is_there("a"));
    pass(2min);
    EXPECT_FALSE(is_there("a"));
    pass(1s);
    EXPECT_EQ(journal_->find("a"), nullptr);
    EXPECT_EQ(rows("queue"), 0);
    EXPECT_EQ(journal_->find("a"), nullptr);
    EXPECT_GT(pass_one_through("a"), before);
    EXPECT_TRUE(is_there("a"));
}

TEST_F(queues_that_go, one_that_was_never_published_to_goes_too) {
    made("a");
    turns(1);
    pass(61min);
    pass(1s);
    EXPECT_EQ(journal_->find("a"), nullptr);
}

TEST_F(queues_that_go, one_that_is_opened_while_it_is_looked_at_stays) {
    pass_one_through("a");
    clock_.pass(2h);
    queue& kept = journal_->open("a", defaults_);
    pass(1s);
    pass(1s);
    EXPECT_TRUE(is_there("a"));
    queue_user user(home_, kept);
    user.publish("x");
    EXPECT_EQ(user.receive_one().message.body, "x");
}

TEST_F(queues_that_go, queue_idle_of_0_keeps_them) {
    open(0ms);
    pass_one_through("a");
    pass(24h * 365);
    pass(1s);
    EXPECT_TRUE(is_there("a"));
}

TEST_F(queues_that_go, whatever_is_done_with_one_is_use) {
    const queue_ptr q = made("a");
    queue_user user(home_, *q);
    for (const auto& use : std::initializer_list<std::function<void()>>{
             [&] { pass_one_through("a"); },
             [&] { EXPECT_TRUE(user.receive(1, 0ms).empty()); },
             [&] { user.catch_up(); },
             [&] { EXPECT_EQ(user.settle(action::ack, 77), settled::unknown); },
         }) {
        use();
        pass(50min);
        EXPECT_TRUE(is_there("a"));
    }
    pass(11min);
    EXPECT_FALSE(is_there("a"));
}

TEST_F(queues_that_go, steps_of_the_clock_change_nothing) {
    pass_one_through("a");
    clock_.step(48h);
    pass(30min);
    EXPECT_TRUE(is_there("a"));
    clock_.step(-96h);
    pass(31min);
    EXPECT_FALSE(is_there("a"));
}

TEST_F(queues_that_go, one_that_has_something_stays_until_that_is_gone) {
    std::vector<queue_ptr> held;
    const auto user = [&](const char* name) {
        held.push_back(made(name));
        return queue_user(home_, *held.back());
    };
    auto waiting = user("waiting"), leased = user("leased"), delayed = user("delayed"), dead = user("dead"),
         remembered = user("remembered");
    for (auto* const q : {&waiting, &leased, &delayed, &dead}) q->publish("x");
    const delivery lent = leased.receive_one();
    const delivery later = delayed.receive_one();
    delayed.retry(later, 3h);
    dead.settle(action::dead, dead.receive_one().number);
    message once;
    once.id = "once";
    EXPECT_EQ(remembered.publish(once, true).outcome, publication::outcome::confirmed);
    remembered.ack(remembered.receive_one());
    held.clear();
    for (int hour = 0; hour < 3; ++hour) {
        pass(62min);
        for (const char* const name : {"waiting", "leased", "dead", "remembered"}) EXPECT_TRUE(is_there(name)) << name;
    }
    EXPECT_TRUE(is_there("delayed"));
    EXPECT_EQ(remembered.publish(once, true).outcome, publication::outcome::duplicate);

    waiting.ack(waiting.receive_one());
    EXPECT_EQ(leased.ack(lent), settled::done);
    delayed.ack(delayed.receive_one());
    awaited<dead_request> all(home_);
    all.action = dead_request::action::drop;
    journal_->dead_letters(all);
    all.wait_home();
    for (int hour = 0; hour < 7; ++hour) pass(61min);
    EXPECT_EQ(journal_->names(), std::vector<std::string>());
}

TEST_F(queues_that_go, one_for_which_somebody_waits_is_used) {
    const queue_ptr q = made("a");
    awaited<reception> r(home_);
    r.wait = 5h;
    q->receive(r);
    pass(2h);
    pass(2h);
    EXPECT_TRUE(is_there("a"));
    queue_user(home_, *q).publish("x");
    r.wait_home();
    EXPECT_EQ(r.deliveries.size(), 1U);
}

TEST_F(queues_that_go, one_of_the_configuration_stays) {
    pass_one_through("now");
    pass_one_through("then");
    queue_user(home_, journal_->open("then", {})).publish("x");
    open();
    queue& now = journal_->open("now", {});
    journal_->open("new", {});
    queue_user then(home_, *made("then"));
    then.ack(then.receive_one());
    pass(61min);
    pass(1s);
    EXPECT_TRUE(is_there("now"));
    EXPECT_TRUE(is_there("new"));
    EXPECT_FALSE(is_there("then"));  // it is not named any more
    for (const char* const name : {"now", "new"}) {
        EXPECT_EQ(drop(name, false).outcome, dropped::configured) << name;
        EXPECT_EQ(drop(name, true).outcome, dropped::configured) << name;
    }
    EXPECT_EQ(queue_user(home_, now).publish("x").outcome, publication::outcome::confirmed);
}

TEST_F(queues_that_go, old_number_settles_nothing_new) {
    pass_one_through("long");
    queue_user(home_, *made("long")).publish_all(std::vector<message>(500));
    EXPECT_EQ(drop("long", true).outcome, dropped::dropped);
    const auto old = pass_one_through("a");
    EXPECT_GT(old, 501U);
    EXPECT_EQ(drop("a", false).outcome, dropped::dropped);
    const auto expect_new = [&] {
        const queue_ptr q = made("a");
        queue_user user(home_, *q);
        user.publish("new");
        const delivery d = user.receive_one();
        EXPECT_GT(d.number, old);
        for (std::uint64_t number = 1; number <= old; ++number)
            ASSERT_EQ(user.settle(action::ack, number), settled::unknown) << number;
        EXPECT_EQ(user.ack(d), settled::done);
    };
    expect_new();
    EXPECT_EQ(drop("a", false).outcome, dropped::dropped);
    open();
    expect_new();
}

TEST_F(queues_that_go, publication_to_one_that_was_found_before_makes_it_anew) {
    const auto before = pass_one_through("a");
    queue_ptr found = journal_->find("a");
    pass(61min);
    EXPECT_FALSE(is_there("a"));
    for (int i = 0; i < 5; ++i) pass(1s);
    EXPECT_EQ(journal_->find("a"), found) << "somebody has it";
    EXPECT_EQ(queue_user(home_, *found).publish("x").outcome, publication::outcome::confirmed);
    EXPECT_TRUE(is_there("a"));
    EXPECT_EQ(made("a"), found);
    pass(2h);
    EXPECT_TRUE(is_there("a"));
    found.reset();
    open();
    queue_user user(home_, *made("a"));
    const delivery d = user.receive_one();
    EXPECT_EQ(d.message.body, "x");
    EXPECT_GT(d.number, before);
}

TEST_F(queues_that_go, one_that_is_held_goes_when_it_is_let_go) {
    pass_one_through("a");
    queue_ptr found = journal_->find("a");
    pass(61min);
    pass(1s);
    EXPECT_NE(journal_->find("a"), nullptr);
    found.reset();
    pass(1s);
    EXPECT_EQ(journal_->find("a"), nullptr);
}

TEST_F(queues_that_go, limit_on_names_is_said_and_is_free_again) {
    open(1h, 2);
    pass_one_through("a");
    pass_one_through("b");
    const auto refused = journal_->find_or_make("c");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, errc::too_many_queues);
    EXPECT_EQ(refused.error().subject, "queues_max = 2 is reached: a new queue");
    EXPECT_TRUE(journal_->find_or_make("b"));
    pass(61min);
    pass(1s);
    pass_one_through("c");
    pass_one_through("d");
    EXPECT_FALSE(journal_->find_or_make("e"));
}

TEST_F(queues_that_go, a_thousand_go_a_few_at_a_time) {
    for (int i = 0; i < 1'000; ++i) pass_one_through("q" + std::to_string(i));
    EXPECT_FALSE(journal_->find_or_make("one more"));
    pass(61min);
    EXPECT_GE(journal_->names().size(), 500U);
    for (int i = 0; i < 10; ++i) pass(1s);
    EXPECT_EQ(journal_->names().size(), 0U);
    pass_one_through("one more");
    EXPECT_EQ(rows("queue"), 1);
}

TEST_F(queues_that_go, dropped_one_says_what_it_had) {
    const queue_ptr q = made("a");
    queue_user user(home_, *q);
    for (int i = 0; i < 6; ++i) user.publish("x");
    message once;
    once.id = "once";
    user.publish(once, true);
    const auto open = user.receive(4);
    user.retry(open.at(0), 3h);
    user.settle(action::dead, open.at(1).number);
    for (const bool with_all : {false, true}) {
        const drop_answer a = drop("a", with_all);
        EXPECT_EQ(a.outcome, with_all ? dropped::dropped : dropped::not_empty);
        EXPECT_EQ(a.figures.ready, 3U);
        EXPECT_EQ(a.figures.leased, 2U);
        EXPECT_EQ(a.figures.delayed, 1U);
        EXPECT_EQ(a.figures.dead, 1U);
        EXPECT_TRUE(a.remembers);
        EXPECT_EQ(is_there("a"), !with_all);
    }
    EXPECT_EQ(drop("a", true).outcome, dropped::unknown);
    EXPECT_EQ(drop("b", true).outcome, dropped::unknown);
    EXPECT_EQ(user.ack(open.at(2)), settled::unknown);
    EXPECT_EQ(user.receive().size(), 0U);
    EXPECT_EQ(user.publish(once, true).outcome, publication::outcome::confirmed);
    EXPECT_EQ(user.receive_one().message.id, "once");
    EXPECT_EQ(dead_letters(home_, *journal_).size(), 0U);
}

TEST_F(queues_that_go, who_waits_for_one_that_is_dropped_gets_nothing) {
    awaited<reception> r(home_);
    r.wait = milliseconds::max();
    made("a")->receive(r);
    EXPECT_EQ(drop("a", false).outcome, dropped::dropped);
    r.wait_home();
    EXPECT_TRUE(r.deliveries.empty());
    EXPECT_FALSE(r.why);
}

TEST_F(queues_that_go, what_a_dropped_one_had_is_removed_piece_by_piece_also_after_a_restart) {
    for (const bool stopped_between : {false, true}) {
        queue_user user(home_, *made("a"));
        user.publish_all(std::vector<message>(350));
        for (const delivery& d : user.receive(150)) user.settle(action::dead, d.number);
        message once;
        once.id = "once";
        user.publish(once, true);
        EXPECT_EQ(drop("a", true).outcome, dropped::dropped);
        pass_one_through("a");
        if (stopped_between) open();
        EXPECT_FALSE(is_there(" 1"));
        turns(20);
        EXPECT_EQ(rows("message"), 0);
        EXPECT_EQ(rows("dead"), 0);
        EXPECT_EQ(rows("accepted"), 0);
        EXPECT_EQ(rows("queue"), 1);
    }
}

TEST_F(queues_that_go, numbers_of_queues_are_given_again) {
    for (int round = 0; round < 3; ++round) {
        for (int i = 0; i < 50; ++i) {
            pass_one_through("q" + std::to_string(i));
            EXPECT_EQ(drop("q" + std::to_string(i), i % 2 == 0).outcome, dropped::dropped);
        }
        turns(60);
        pass_one_through("stays" + std::to_string(round));
        EXPECT_EQ(rows("queue WHERE number > 60"), 0);
    }
}

TEST_F(queues_that_go, under_use_from_two_threads_nothing_is_lost) {
    open(1ms);
    shard other("other");
    other.start();
    std::atomic<bool> over{false};
    std::thread worker([&] {
        while (!over) {
            const queue_ptr q = journal_->find("a");
            if (q == nullptr) continue;
            queue_user user(other, *q);
            for (const delivery& d : user.receive(10, 0ms)) user.ack(d);
        }
    });
    std::uint64_t confirmed = 0;
    for (int i = 0; i < 2'000; ++i) {
        clock_.pass(600ms);
        const queue_ptr q = made("a");
        if (i % 3 == 0) turns(1);
        confirmed += queue_user(home_, *q).publish("x").outcome == publication::outcome::confirmed;
    }
    EXPECT_EQ(confirmed, 2'000U);
    over = true;
    worker.join();
    turns(1);  // the journal has told it all
    other.stop();
}

}  // namespace

}  // namespace freshet::test
