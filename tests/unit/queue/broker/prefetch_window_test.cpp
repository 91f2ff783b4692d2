#include "queue/broker/prefetch_window.hpp"

#include <freshet/time.hpp>

#include <gtest/gtest.h>

#include <algorithm>

namespace freshet::test {
namespace {

/// A broker that has enough, and people who work on what comes: how long for each, is said.
class worked : public testing::Test {
protected:
    /// `workers` settle a message each `takes`, for so long; another one comes as soon as there is room.
    void work(std::size_t workers, milliseconds takes, milliseconds duration) {
        for (const auto end = now + duration; now < end; now += step) {
            look(workers - std::min(workers, leased), leased);
            leased = std::min(workers, here);
            done += step * leased;
            for (; leased != 0 && done >= takes; done -= takes) settle();
        }
    }
    void settle() {
        window.settled();
        --here, --leased;
        if (open != 0) --open;
    }
    bool look(std::size_t waiting, std::size_t worked_on) {
        const auto found = window.look({waiting, worked_on, here}, window.size() - open, now);
        if (found.anew) ++grants, open = 0;
        const std::size_t more = window.size() - open;
        here += more, open += more;
        most = std::max(most, here);
        return found.anew;
    }

    static constexpr milliseconds step{1};
    prefetch_window window{0};
    steady::time_point now{std::chrono::hours(1)};
    std::size_t here{0}, open{1}, leased{0}, grants{0}, most{0};
    milliseconds done{0};
};

TEST_F(worked, what_takes_long_is_not_taken_ahead) {
    work(3, milliseconds(2'000), milliseconds(20'000));
    EXPECT_EQ(window.size(), 3U);
    EXPECT_LE(most, 4U);
}

TEST_F(worked, nor_where_many_end_at_once) {
    look(16, 0);
    for (int round = 0; round < 20; ++round) {
        look(0, 16);
        now += milliseconds(1'050);
        for (leased = 16; leased != 0;) settle();
        look(16, 0);
    }
    EXPECT_LE(most, 2U * 16U + 16U);
}

TEST_F(worked, what_goes_fast_is_taken_ahead_for_as_long_as_asking_takes) {
    work(1, milliseconds(5), milliseconds(2'000));
    EXPECT_GE(window.size(), 10U);
    EXPECT_LE(window.size(), 45U);
    EXPECT_LE(grants, 10U);
}

TEST_F(worked, it_is_never_more_than_the_most) {
    look(1, 0);
    for (int i = 0; i < 100'000; ++i) {
        window.settled();
        now += std::chrono::microseconds(10);
        look(0, 1);
        here = 0, open = 0;
    }
    EXPECT_EQ(window.size(), prefetch_window::by_need_max);
}

TEST_F(worked, it_shrinks_when_it_goes_slowly_again) {
    work(1, milliseconds(1), milliseconds(1'000));
    EXPECT_GE(window.size(), 50U);
    EXPECT_TRUE(window.is_wide(1));
    here = open = 1;
    for (int i = 0; i < 5; ++i, now += milliseconds(1'000)) look(0, 1);
    EXPECT_EQ(window.size(), 1U);
    EXPECT_FALSE(window.is_wide(1));
}

TEST_F(worked, who_waits_gets_one_whatever_else_is_here) {
    for (std::size_t delayed = 0; delayed < prefetch_window::by_need_max; ++delayed) {
        const auto found = window.look({1, 0, delayed}, 0, now);
        ASSERT_TRUE(found.anew) << delayed;
        ASSERT_GE(window.size(), 1U);
    }
    EXPECT_FALSE(window.look({1, 0, prefetch_window::by_need_max}, 0, now).anew);
}

TEST_F(worked, who_asks_for_more_than_there_is_room_for_gets_what_there_is) {
    const std::size_t some = prefetch_window::by_need_max - 10;
    EXPECT_TRUE(window.look({100, some, some}, 0, now).anew);
    EXPECT_EQ(window.size(), 10U);
    EXPECT_FALSE(window.look({100, some, some}, 10, now + milliseconds(1)).anew) << "no more can be granted";
}

TEST(fixed_window, stays_as_it_is) {
    prefetch_window window(7);
    const steady::time_point now{};
    EXPECT_FALSE(window.look({100, 100, 100}, 0, now + std::chrono::hours(1)).anew);
    EXPECT_EQ(window.size(), 7U);
    EXPECT_FALSE(window.is_wide(1));
    EXPECT_FALSE(window.is_by_need());
}

}  // namespace
}  // namespace freshet::test
