#include <freshet/time.hpp>

#include "shard/gate.hpp"
#include "shard/shard.hpp"
#include "support/heap.hpp"

#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <future>
#include <utility>

namespace freshet {
namespace {

namespace asio = boost::asio;

class gates : public testing::Test {
protected:
    gates() : home_("test"), gate_(home_) {
        home_.start();
        begin_to_pass(milliseconds(1)).get();  // asio keeps its timers in a vector that has grown then
    }
    ~gates() override { home_.stop(); }

    asio::awaitable<std::size_t> pass(milliseconds at_most) {
        auto passed = gate_.wait(at_most);
        const std::size_t before = test::heap_calls();
        waits_ = true;
        co_await std::move(passed);
        co_return test::heap_calls() - before;
    }
    asio::awaitable<void> wait_with_a_gate_of_its_own() {
        gate mine(home_);
        auto passed = mine.wait();
        waits_ = true;
        co_await std::move(passed);
    }
    /// How often the heap was asked after wait() had been called.
    std::future<std::size_t> begin_to_pass(milliseconds at_most = milliseconds::max()) {
        waits_ = false;
        return asio::co_spawn(home_.context(), pass(at_most), asio::use_future);
    }
    bool is_open() {
        bool is = false;
        home_.run_and_wait([&] { is = gate_.is_open(); });
        return is;
    }

    shard home_;
    gate gate_;
    std::atomic<bool> waits_{false};
};

TEST_F(gates, pass_once_they_are_opened_and_are_closed_again) {
    for (int round = 0; round < 3; ++round) {
        auto passed = begin_to_pass();
        while (!waits_) {}
        EXPECT_EQ(passed.wait_for(milliseconds(0)), std::future_status::timeout);
        home_.run([this] { gate_.open(); });
        EXPECT_EQ(passed.get(), 0U) << "memory is taken by wait() alone";
        EXPECT_FALSE(is_open());
    }
}

TEST_F(gates, that_are_open_already_let_pass_at_once) {
    home_.run_and_wait([this] { gate_.open(); });
    EXPECT_EQ(begin_to_pass().get(), 0U);
    EXPECT_FALSE(is_open());
}

TEST_F(gates, let_pass_when_the_time_is_over) {
    EXPECT_EQ(begin_to_pass(milliseconds(1)).get(), 0U);
    EXPECT_FALSE(is_open());
}

TEST_F(gates, that_are_waited_for_when_all_ends_let_go) {
    waits_ = false;
    asio::co_spawn(home_.context(), wait_with_a_gate_of_its_own(), asio::detached);
    while (!waits_) {}
}

}  // namespace
}  // namespace freshet
