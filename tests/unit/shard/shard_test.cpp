#include <freshet/time.hpp>

#include "shard/operation.hpp"
#include "shard/shard.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <thread>
#include <vector>

namespace freshet {
namespace {

struct counted final : operation {
    void finish() override {
        EXPECT_TRUE(home->here());
        ++*sum;
    }
    std::atomic<int>* sum{nullptr};
};

TEST(shard, finishes_what_many_threads_post_on_its_own_thread) {
    shard s("test");
    s.start();
    EXPECT_FALSE(s.here());
    std::atomic<int> sum{0};
    std::vector<std::vector<counted>> operations(4);
    std::vector<std::thread> threads;
    for (auto& mine : operations) {
        mine = std::vector<counted>(5'000);
        threads.emplace_back([&] {
            for (auto& o : mine) {
                o.home = &s;
                o.sum = &sum;
                s.post(o);
            }
        });
    }
    for (auto& t : threads) t.join();
    s.run_and_wait([] {});
    EXPECT_EQ(sum, 20'000);
    s.stop();
}

TEST(shard, runs_functions_in_the_order_in_which_they_came) {
    shard s("test");
    std::vector<int> order;
    for (int i = 0; i < 3; ++i) s.run([&order, i] { order.push_back(i); });
    s.start();  // what was there before runs too
    s.run_and_wait([&] { order.push_back(3); });
    EXPECT_EQ(order, (std::vector{0, 1, 2, 3}));
    s.stop();
}

TEST(shard, what_it_runs_may_run_more) {
    shard s("test");
    s.start();
    std::promise<void> done;
    int left = 1'000;
    std::function<void()> again = [&] {
        if (--left == 0) done.set_value();
        else s.run(again);
    };
    s.run(again);
    done.get_future().wait();
    EXPECT_EQ(left, 0);
    s.stop();
}

TEST(shard, stop_finishes_what_is_on_its_way) {
    for (int round = 0; round < 50; ++round) {
        shard s("test");
        s.start();
        std::atomic<int> ran{0};
        for (int i = 0; i < 100; ++i) s.run([&] { ++ran; });
        s.stop();
        EXPECT_EQ(ran, 100);
        s.stop();
    }
}

// what comes home while a shard ends may lend once more, to the same shard
TEST(shard, stop_finishes_what_late_work_posts) {
    shard s("test");
    s.start();
    std::promise<void> begun;
    int left = 20'000;
    std::function<void()> again = [&] {
        if (left == 20'000) begun.set_value();
        if (--left != 0) s.run(again);
    };
    s.run(again);
    begun.get_future().wait();
    s.stop();  // in the midst of it
    EXPECT_EQ(left, 0);
}

struct counting_ticker final : ticker {
    explicit counting_ticker(std::function<void()> w) : work(std::move(w)) {}
    void tick(steady::time_point) override {
        ++ticks;
        work();
    }
    std::function<void()> work;
    int ticks{0};
};

TEST(shard, tickers_may_remove_themselves_and_others) {
    shard s("test");
    s.start();
    std::promise<void> done;
    std::unique_ptr<counting_ticker> a, b, c, last;
    // The newest is called first: c removes itself and b, which is next; a is called, and removes itself at its second.
    a = std::make_unique<counting_ticker>([&] {
        if (a->ticks == 2) s.remove(*a);
    });
    b = std::make_unique<counting_ticker>([] {});
    c = std::make_unique<counting_ticker>([&] {
        s.remove(*c);
        s.remove(*b);
    });
    last = std::make_unique<counting_ticker>([&] {
        if (last->ticks != 4) return;
        s.remove(*last);
        done.set_value();
    });
    s.run_and_wait([&] {
        for (auto* t : {a.get(), b.get(), c.get(), last.get()}) s.add(*t);
    });
    done.get_future().wait();
    s.run_and_wait([] {});
    EXPECT_EQ(a->ticks, 2);
    EXPECT_EQ(b->ticks, 0);
    EXPECT_EQ(c->ticks, 1);
    EXPECT_EQ(last->ticks, 4);
    s.stop();
}

TEST(shard, ticker_that_came_back_is_called_again) {
    shard s("test");
    s.start();
    std::promise<void> first, second;
    counting_ticker t([&] {
        s.remove(t);
        (t.ticks == 1 ? first : second).set_value();
    });
    s.run_and_wait([&] { s.add(t); });
    first.get_future().wait();
    s.run_and_wait([&] { s.add(t); });
    second.get_future().wait();
    s.run_and_wait([] {});
    EXPECT_EQ(t.ticks, 2);
    s.stop();
}

}  // namespace
}  // namespace freshet
