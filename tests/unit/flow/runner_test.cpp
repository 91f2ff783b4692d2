#include <freshet/config.hpp>
#include <freshet/message.hpp>
#include <freshet/time.hpp>

#include "flow/flow.hpp"
#include "flow/runner.hpp"
#include "flow/worker.hpp"
#include "protocol/request.hpp"
#include "queue/operations.hpp"
#include "shard/gate.hpp"
#include "shard/shard.hpp"
#include "support/fake_queue.hpp"
#include "support/fake_store.hpp"

#include <gtest/gtest.h>

#include <future>

using namespace freshet;
using namespace freshet::test;
using namespace std::chrono_literals;
using verdict = enum work_result::verdict;
using action = enum settlement::action;
namespace asio = boost::asio;

namespace {

/// Answers as it is told, at once or when it is let go.
class fake_caller final : public flow_worker {
public:
    explicit fake_caller(shard& home) : home_(home) {}

    asio::awaitable<work_result> call(const delivery& d, std::string_view, milliseconds) override {
        note(d, 1);
        if (hold) {
            gate held(home_);
            held_.push_back(&held);
            co_await held.wait();
            std::erase(held_, &held);
        }
        note(d, -1);
        if (aborted_) co_return work_ended(verdict::retry, "aborted");
        co_return answer(d);
    }
    void abort() override {
        aborted_ = true;
        release();
    }
    void release() {
        for (gate* g : held_) g->open();
    }
    bool wait_running(int n) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, 60s, [&] { return running_ == n; });
    }
    bool wait_called(int n) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, 60s, [&] { return called_ >= n; });
    }
    int called() {
        const std::lock_guard lock(mutex_);
        return called_;
    }

    std::atomic<bool> hold{false};
    std::function<work_result(const delivery&)> answer = [](const delivery& d) {
        work_result r = work_ended(verdict::good, "result of " + d.message.body);
        r.flags = 7;
        return r;
    };

private:
    void note(const delivery&, int by) {
        const std::lock_guard lock(mutex_);
        running_ += by;
        if (by > 0) ++called_;
        changed_.notify_all();
    }

    shard& home_;
    bool aborted_{false};
    std::vector<gate*> held_;
    std::mutex mutex_;
    std::condition_variable changed_;
    int running_{0}, called_{0};
};

/// Never answers, unless it is told that nobody waits.
class silent_store final : public store, public call_holder {
public:
    bool submit(call& c) override {
        c.holder = this;
        asked.set_value();
        return false;
    }
    void abandon(call& c) override {
        c.reply.fail(errc::connection_lost, effect::maybe_done, "the client");
        c.complete();
    }
    std::promise<void> asked;
};

message task(std::string id, unsigned attempt = 1) {
    message m;
    m.id = std::move(id);
    m.body = "body";
    m.attempt = attempt;
    return m;
}

class runner : public testing::Test {
protected:
    runner() {
        options.max_attempts = 3;
        config.into = "main";
        config.ttl = seconds(60);
        back.start();
        worker = made.get();
    }
    ~runner() override {
        if (running) running->stop(steady::now() + 60s);
        running.reset();
        back.stop();
    }
    void start(bool keep = false, bool with_store = true) {
        from = std::make_unique<fake_queue>(options);
        running = make_flow(back, *from, with_store ? &into : nullptr, config, keep, std::move(made));
        running->start();
    }
    void answer(verdict v, std::string body, milliseconds retry_after = 0ms) {
        worker->answer = [=](const delivery&) {
            work_result r = work_ended(v, body);
            r.retry_after = retry_after;
            return r;
        };
    }

    shard back{"back"};
    queue_options options;
    flow_config config;
    fake_store into;
    std::unique_ptr<fake_caller> made = std::make_unique<fake_caller>(back);
    fake_caller* worker;
    std::unique_ptr<fake_queue> from;
    std::unique_ptr<flow> running;
};

}  // namespace

TEST_F(runner, a_call_that_never_began_costs_no_attempt_not_even_the_last) {
    options.backoff_min = 10ms;
    options.backoff_max = 1s;
    worker->answer = [](const delivery&) {
        work_result r = work_ended(verdict::retry, "no connection");
        r.began = false;
        return r;
    };
    start();
    from->put(task("a", 3));
    from->put(task("b", 1));
    const auto done = from->wait_settled(2);
    ASSERT_EQ(done.size(), 2U);
    for (const auto& s : done) {
        EXPECT_EQ(s.action, action::release);
        EXPECT_GE(s.delay, 5ms);
        EXPECT_LE(s.delay, 1'250ms);
    }
}

TEST_F(runner, stores_a_good_result_and_then_acknowledges) {
    start();
    from->put(task("a"));
    const auto done = from->wait_settled(1);
    ASSERT_EQ(done.size(), 1U);
    EXPECT_EQ(done[0].action, action::ack);
    EXPECT_FALSE(done[0].keep);
    const fake_item item = into.items().at("result:a");
    EXPECT_EQ(item.value, "result of body");
    EXPECT_EQ(item.flags, 7U);
    EXPECT_EQ(item.exptime, 60);
    EXPECT_EQ(into.asked(), std::vector{store_mode::set});
}

TEST_F(runner, works_with_a_store_that_answers_later) {
    into.later = true;
    start();
    from->put(task("a"));
    ASSERT_EQ(from->wait_settled(1).size(), 1U);
    EXPECT_EQ(into.items().at("result:a").value, "result of body");
}

TEST_F(runner, without_a_store_acknowledges_only) {
    start(true, false);
    from->put(task("a b"));
    const auto done = from->wait_settled(1);
    ASSERT_EQ(done.size(), 1U);
    EXPECT_EQ(done[0].action, action::ack);
    EXPECT_FALSE(done[0].keep);
}

TEST_F(runner, keeps_results_beside_the_queue_when_told_to) {
    start(true);
    from->put(task("a"));
    const auto done = from->wait_settled(1);
    ASSERT_TRUE(done.at(0).keep);
    const kept_result& kept = *done[0].keep;
    EXPECT_EQ(kept.store, "main");
    EXPECT_EQ(kept.key, "result:a");
    EXPECT_EQ(kept.value, "result of body");
    EXPECT_EQ(kept.flags, 7U);
    EXPECT_FALSE(kept.error);
    EXPECT_GT(kept.expires, wall::now() + 30s);
    EXPECT_LT(kept.expires, wall::now() + 90s);
}

TEST_F(runner, retries_with_back_off) {
    answer(verdict::retry, "not today");
    options.backoff_min = 1s;
    options.backoff_max = 100s;
    start();
    from->put(task("a", 2));
    const auto done = from->wait_settled(1);
    ASSERT_EQ(done.at(0).action, action::retry);
    EXPECT_GE(done[0].delay, 2s);
    EXPECT_LE(done[0].delay, 2500ms);
    EXPECT_EQ(done[0].reason, "not today");
    EXPECT_TRUE(into.items().empty());
}

TEST_F(runner, retries_when_the_worker_says) {
    answer(verdict::retry, "not today", 17s);
    start();
    from->put(task("a"));
    EXPECT_EQ(from->wait_settled(1).at(0).delay, 17s);
}

TEST_F(runner, has_no_retry_after_the_last_attempt) {
    answer(verdict::retry, "not today");
    start(true);
    from->put(task("a", 3));
    const auto done = from->wait_settled(1);
    ASSERT_EQ(done.at(0).action, action::dead);
    EXPECT_EQ(done[0].reason, "not today (attempt 3 of 3)");
    EXPECT_EQ(into.items().at("result:a").value, "ERROR not today (attempt 3 of 3)");
    EXPECT_EQ(into.items().at("result:a").flags, 0U);
    EXPECT_TRUE(done[0].keep.value().error);
}

TEST_F(runner, retries_for_ever_where_attempts_have_no_limit) {
    options.max_attempts = 0;
    answer(verdict::retry, "not today");
    start();
    from->put(task("a", 1'000));
    EXPECT_EQ(from->wait_settled(1).at(0).action, action::retry);
}

TEST_F(runner, does_not_call_when_no_attempt_is_left) {
    start();
    from->put(task("a", 4));
    const auto done = from->wait_settled(1);
    ASSERT_EQ(done.at(0).action, action::dead);
    EXPECT_EQ(done[0].reason, "none of its 3 attempts came to an end");
    EXPECT_EQ(worker->called(), 0);
    EXPECT_EQ(into.items().at("result:a").value, "ERROR none of its 3 attempts came to an end");
}

TEST_F(runner, error_never_replaces_a_good_result) {
    start();
    from->put(task("a"));
    from->wait_settled(1);
    back.run_and_wait([&] { answer(verdict::dead, "broken"); });
    from->put(task("a", 2));
    EXPECT_EQ(from->wait_settled(2).at(1).action, action::dead);
    EXPECT_EQ(into.items().at("result:a").value, "result of body");
    EXPECT_EQ(into.asked(), (std::vector{store_mode::set, store_mode::add}));
}

TEST_F(runner, result_larger_than_the_store_takes_is_dead) {
    into.item_size_max = 100;
    answer(verdict::good, std::string(101, 'x'));
    start(true);
    from->put(task("a"));
    const auto done = from->wait_settled(1);
    ASSERT_EQ(done.at(0).action, action::dead);
    EXPECT_EQ(into.items().at("result:a").value, "ERROR its result of 101 bytes is larger than the store takes");
    EXPECT_EQ(done[0].keep.value().value, into.items().at("result:a").value);
}

TEST_F(runner, key_that_no_store_takes_is_dead_and_not_called) {
    start(true);
    from->put(task("a b"));
    const auto done = from->wait_settled(1);
    ASSERT_EQ(done.at(0).action, action::dead);
    EXPECT_EQ(done[0].reason, "the key of the result has blanks or control characters");
    EXPECT_FALSE(done[0].keep);
    EXPECT_EQ(worker->called(), 0);
}

TEST_F(runner, does_not_acknowledge_before_the_store_has_the_result) {
    into.failing = 2;
    start();
    from->put(task("a"));
    EXPECT_EQ(from->wait_settled(1).at(0).action, action::ack);
    EXPECT_EQ(into.items().at("result:a").value, "result of body");
    EXPECT_EQ(into.asked().size(), 3U);
    EXPECT_EQ(worker->called(), 1);
}

TEST_F(runner, settles_again_when_that_fails) {
    start(true);
    from->fail_settlements(2);
    from->put(task("a"));
    const auto done = from->wait_settled(1);
    EXPECT_EQ(done.at(0).action, action::ack);
    EXPECT_EQ(done[0].keep.value().value, "result of body");
    EXPECT_EQ(worker->called(), 1);
}

TEST_F(runner, a_result_that_is_deleted_before_it_is_settled_is_not_kept) {
    start(true);
    from->when_one_fails = [this] { into.erase("result:a"); };
    from->fail_settlements(1);
    from->put(task("a"));
    const auto done = from->wait_settled(1);
    EXPECT_EQ(done.at(0).action, action::ack);
    EXPECT_FALSE(done[0].keep.has_value());
}

TEST_F(runner, receives_again_when_that_fails) {
    from = std::make_unique<fake_queue>(options);
    from->fail_receptions(2);
    running = make_flow(back, *from, &into, config, false, std::move(made));
    running->start();
    from->put(task("a"));
    EXPECT_EQ(from->wait_settled(1).size(), 1U);
}

TEST_F(runner, works_on_as_many_at_a_time_as_it_may) {
    config.concurrency = 3;
    worker->hold = true;
    start();
    for (int n = 0; n < 5; ++n) from->put(task(std::to_string(n)));
    ASSERT_TRUE(worker->wait_running(3));
    back.run_and_wait([] {});
    EXPECT_EQ(worker->called(), 3);
    worker->hold = false;
    back.run([&] { worker->release(); });
    EXPECT_EQ(from->wait_settled(5).size(), 5U);
    EXPECT_EQ(from->largest_reception, 3U);
}

TEST_F(runner, renews_the_lease_while_a_call_runs) {
    options.ack_timeout = 30ms;
    worker->hold = true;
    start();
    from->put(task("a"));
    EXPECT_TRUE(from->wait_renewed(3));
    back.run([&] { worker->release(); });
    EXPECT_EQ(from->wait_settled(1).size(), 1U);
}

TEST_F(runner, stop_lets_running_calls_end) {
    worker->hold = true;
    start();
    from->put(task("a"));
    ASSERT_TRUE(worker->wait_running(1));
    auto stopped = std::async(std::launch::async, [&] { running->stop(steady::now() + 60s); });
    back.run_and_wait([] {});
    back.run([&] { worker->release(); });
    stopped.get();
    EXPECT_EQ(from->wait_settled(1).at(0).action, action::ack);
    from->put(task("b"));
    back.run_and_wait([] {});
    EXPECT_EQ(worker->called(), 1);
}

TEST_F(runner, stop_gives_back_what_does_not_end_in_time) {
    worker->hold = true;
    start();
    from->put(task("a", 3));
    ASSERT_TRUE(worker->wait_running(1));
    running->stop(steady::now());
    EXPECT_TRUE(from->wait_settled(0).empty());
    EXPECT_TRUE(into.items().empty());
}

TEST_F(runner, stop_ends_the_waiting_for_a_store_that_fails) {
    into.failing = 1'000'000;
    start();
    from->put(task("a"));
    ASSERT_TRUE(worker->wait_called(1));
    running->stop(steady::now() + 50ms);
    EXPECT_TRUE(from->wait_settled(0).empty());
}

TEST_F(runner, stop_ends_the_waiting_for_a_store_that_does_not_answer) {
    silent_store silent;
    from = std::make_unique<fake_queue>(options);
    running = make_flow(back, *from, &silent, config, false, std::move(made));
    running->start();
    from->put(task("a"));
    silent.asked.get_future().wait();
    running->stop(steady::now());
    EXPECT_TRUE(from->wait_settled(0).empty());
    running.reset();
}

TEST_F(runner, stop_of_an_idle_flow_needs_no_deadline) {
    start();
    running->stop(steady::time_point::max() - 1h);
    SUCCEED();
}
