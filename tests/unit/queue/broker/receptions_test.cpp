#include "queue/broker/receptions.hpp"

#include <freshet/error.hpp>
#include <freshet/time.hpp>

#include "queue/operations.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>

namespace freshet::test {
namespace {

using broker = waiting_receptions::broker;

class receptions : public testing::Test {
protected:
    struct asked final : reception {
        void finish() override {}
    };

    reception& made(std::size_t max = 1) {
        reception& r = all.emplace_back();
        r.max = max;
        r.times_lent = 1;
        return r;
    }
    reception& waits_for(milliseconds time, std::uint64_t published = 0, std::size_t max = 1) {
        reception& r = made(max);
        waiting.add(r, now + time, published, now + time + patience);
        return r;
    }
    /// Of all whose time is over: none, timed out or unreachable.
    std::string over(broker is = broker::connected) {
        std::string words;
        while (const auto one = waiting.next_over(now, is, start_time)) {
            std::size_t number = 0;
            while (&all[number] != one->first) ++number;
            words += std::to_string(number);
            words += !one->second ? " nothing " : *one->second == errc::timed_out ? " timed out " : " unreachable ";
        }
        return words;
    }

    static constexpr milliseconds patience{1'000}, start_time{500};
    steady::time_point now{std::chrono::hours(1)};
    std::deque<asked> all;
    waiting_receptions waiting;
};

TEST_F(receptions, who_takes_a_message_is_first_in_order_and_who_takes_none_is_passed_over) {
    waits_for(milliseconds(0), 0, 0);
    reception& second = waits_for(milliseconds(10), 0, 3);
    reception& third = made();
    waiting.add(third);
    EXPECT_EQ(waiting.wanted(), 4U);
    EXPECT_EQ(waiting.first(), &second);
    waiting.remove_first();
    EXPECT_EQ(waiting.first(), &third);
    EXPECT_EQ(waiting.wanted(), 1U);
    waiting.remove_first();
    EXPECT_EQ(waiting.first(), nullptr);
    EXPECT_FALSE(waiting.empty());
    EXPECT_EQ(waiting.any(), &all[0]);
}

TEST_F(receptions, one_that_was_lent_again_is_not_removed_for_an_earlier_time) {
    reception& r = waits_for(milliseconds(10));
    EXPECT_FALSE(waiting.remove(&r, 2));
    EXPECT_TRUE(waiting.remove(&r, 1));
    EXPECT_FALSE(waiting.remove(&r, 1));
    EXPECT_TRUE(waiting.empty());
    EXPECT_FALSE(waiting.any_ends());
}

TEST_F(receptions, it_is_over_when_its_time_is_and_the_broker_has_answered) {
    waits_for(milliseconds(10));
    waits_for(milliseconds(5));
    EXPECT_TRUE(waiting.ask(0));
    EXPECT_FALSE(waiting.ask(0));
    now += milliseconds(7);
    EXPECT_EQ(over(), "");
    waiting.answered();
    EXPECT_EQ(over(), "1 nothing ");
    now += milliseconds(3);
    EXPECT_EQ(over(), "0 nothing ");
    EXPECT_TRUE(waiting.empty());
}

TEST_F(receptions, what_was_published_before_is_told_before_it_is_asked) {
    waits_for(milliseconds(0), 5);
    waits_for(milliseconds(0), 6);
    EXPECT_FALSE(waiting.ask(4));
    EXPECT_TRUE(waiting.ask(5));
    waiting.answered();
    EXPECT_EQ(over(), "0 nothing ");
    EXPECT_TRUE(waiting.ask(6));
    now += patience;
    EXPECT_EQ(over(), "1 timed out ");
}

TEST_F(receptions, what_was_asked_of_a_lost_connection_is_asked_again) {
    waits_for(milliseconds(10));
    waiting.ask(0);
    waiting.answered();
    waiting.disconnected();
    now += milliseconds(10);
    EXPECT_EQ(over(broker::connected), "");
    EXPECT_TRUE(waiting.ask(0));
    waiting.disconnected();
    EXPECT_EQ(over(broker::away), "0 unreachable ");
}

TEST_F(receptions, who_has_to_ask_again_is_not_over_before_the_next_answer) {
    waits_for(milliseconds(0));
    EXPECT_TRUE(waiting.ask(0));
    waiting.ask_again();
    waiting.answered();
    EXPECT_EQ(over(), "");
    EXPECT_TRUE(waiting.ask(0));
    waiting.answered();
    EXPECT_EQ(over(), "0 nothing ");
}

TEST_F(receptions, the_first_connection_has_its_time) {
    waits_for(milliseconds(10));
    now += milliseconds(10);
    EXPECT_EQ(over(broker::connecting), "");
    now += start_time;
    EXPECT_EQ(over(broker::connecting), "0 unreachable ");
}

TEST_F(receptions, that_there_will_be_none_ends_it) {
    waits_for(milliseconds(10));
    now += milliseconds(10);
    EXPECT_EQ(over(broker::connecting), "");
    waiting.disconnected();
    EXPECT_EQ(over(broker::away), "0 unreachable ");
}

TEST_F(receptions, of_many_each_can_go_at_any_time) {
    for (int i = 0; i < 1'000; ++i)
        waits_for(milliseconds(i % 7), static_cast<std::uint64_t>(i) / 10, i % 3 == 0 ? 0 : 2);
    waiting.ask(50);
    for (int i = 0; i < 1'000; i += 2) EXPECT_TRUE(waiting.remove(&all[static_cast<std::size_t>(i)], 1));
    waiting.answered();
    now += milliseconds(7);
    const std::string words = over();
    EXPECT_EQ(static_cast<std::size_t>(std::count(words.begin(), words.end(), 'n')), 2U * 255U) << "n in nothing";
    while (reception* const who = waiting.any()) waiting.remove(who, 1);
    EXPECT_EQ(waiting.wanted(), 0U);
    EXPECT_FALSE(waiting.any_ends());
}

}  // namespace
}  // namespace freshet::test
