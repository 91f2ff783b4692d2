#include "queue/broker/prefetch_window.hpp"

#include <freshet/time.hpp>

#include <gtest/gtest.h>

#include <algorithm>

namespace freshet::test {
namespace {

/// A broker that has enough, and people who work on what comes.
class worked : public testing::Test {
protected:
    /// Each of the workers takes so long for a message, for so long.
    void work(std::size_t workers, milliseconds takes, milliseconds duration) {
        milliseconds done{0};
        for (const auto end = now + duration; now < end; now += step) {
            look(workers);
            done += step * leased;
            for (; leased != 0 && done >= takes; done -= takes) settle();
        }
    }
    /// So many want to work.
    void look(std::size_t workers) {
        for (bool again = true; again;) {
            leased = std::min(workers, here - held);
            const auto found = window.look({workers - leased, leased, here}, window_left(), now);
            again = found.subscribe;
            if (found.subscribe) ++subscriptions, size = window.size(), open = 0;
            if (found.measured && leased == workers && window.surplus(here - leased - held) != 0) ++surplus;
            here += window_left(), open = size;
            most = std::max(most, here);
        }
    }
    void settle() {
        window.settled();
        --here, --leased;
        if (open != 0) --open;
    }
    std::size_t window_left() const { return size - open; }

    static constexpr milliseconds step{1};
    prefetch_window window{0};
    steady::time_point now{std::chrono::hours(1)};
    std::size_t size{0}, open{0};  ///< of the subscription
    std::size_t here{0}, leased{0}, held{0}, most{0};
    std::size_t subscriptions{0}, surplus{0};
};

TEST_F(worked, what_takes_long_is_not_taken_ahead) {
    work(3, milliseconds(2'000), milliseconds(20'000));
    EXPECT_EQ(most, 3U);
    EXPECT_EQ(subscriptions, 1U);
    EXPECT_EQ(surplus, 0U);
}

TEST_F(worked, nor_where_many_end_at_once) {
    for (int round = 0; round < 20; ++round, now += milliseconds(1'050)) {
        look(16);
        while (leased != 0) settle();
    }
    EXPECT_LE(most, 32U);
}

TEST_F(worked, what_goes_fast_is_taken_ahead_for_as_long_as_asking_takes) {
    work(1, milliseconds(5), milliseconds(2'000));
    EXPECT_GE(window.size(), 10U);
    EXPECT_LE(window.size(), 45U);
    EXPECT_LE(subscriptions, 10U);
    EXPECT_EQ(surplus, 0U);
}

TEST_F(worked, it_is_never_more_than_the_most) {
    work(600, milliseconds(1), milliseconds(200));
    EXPECT_EQ(most, prefetch_window::by_need_max);
    EXPECT_LE(subscriptions, 200U * 500U / 60U) << "not one for each message";
}

TEST_F(worked, what_was_taken_while_it_went_fast_is_too_much_when_it_goes_slowly) {
    work(1, milliseconds(1), milliseconds(1'000));
    EXPECT_GE(here, 50U);
    for (int i = 0; i < 5; ++i, now += milliseconds(1'000)) look(1);
    EXPECT_GE(surplus, 3U);
    EXPECT_EQ(window.surplus(here - 1), here - 1);
}

TEST_F(worked, an_empty_queue_that_was_worked_off_fast_has_a_small_window_again) {
    work(2, milliseconds(1), milliseconds(1'000));
    here = leased = open = 0;
    std::size_t asked = size;
    for (int i = 0; i < 5; ++i, now += milliseconds(1'000)) {
        if (window.look({2, 0, 0}, asked, now).subscribe) asked = window.size();
    }
    EXPECT_EQ(asked, 2U);
}

TEST_F(worked, who_waits_gets_one_whatever_else_is_here) {
    for (held = 0; held < prefetch_window::by_need_max; ++held) {
        here = held;
        ASSERT_TRUE(window.look({1, 0, here}, 0, now).subscribe) << held;
        ASSERT_GE(window.size(), 1U);
    }
    EXPECT_FALSE(window.look({1, 0, prefetch_window::by_need_max}, 0, now).subscribe);
}

TEST_F(worked, one_after_another_who_waits_needs_no_subscription_of_its_own) {
    std::size_t room = 0;
    for (std::size_t waiting = 1; waiting <= 256; ++waiting) {
        if (!window.look({waiting, 0, 0}, room, now).subscribe) continue;
        room = window.size();
        ++subscriptions;
    }
    EXPECT_LE(subscriptions, 10U);
}

TEST_F(worked, what_was_learnt_of_the_speed_is_not_forgotten_by_who_waits) {
    work(10, milliseconds(5), milliseconds(2'000));
    const std::size_t before = window.size();
    ASSERT_GE(before, 50U);
    EXPECT_TRUE(window.look({10, 0, 100}, 0, now).subscribe);
    EXPECT_GE(window.size(), before / 2);
}

TEST(fixed_window, stays_as_it_is) {
    prefetch_window window(7);
    const steady::time_point now{};
    EXPECT_FALSE(window.look({100, 100, 100}, 0, now + std::chrono::hours(1)).subscribe);
    EXPECT_EQ(window.size(), 7U);
    EXPECT_EQ(window.surplus(100), 0U);
    EXPECT_FALSE(window.is_by_need());
}

}  // namespace
}  // namespace freshet::test
