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
            const auto found = window.look({workers - leased, leased, here}, size - open, now);
            again = found.more != 0;
            grants += again ? 1 : 0;
            size += found.more;
            if (found.measured && leased == workers && window.surplus(here - leased - held) != 0) ++surplus;
            here += size - open;
            open = size;
            most = std::max(most, here);
        }
    }
    void settle() {
        window.settled();
        --here, --leased, --open;
    }

    static constexpr milliseconds step{1};
    prefetch_window window{0};
    steady::time_point now{std::chrono::hours(1)};
    std::size_t size{0}, open{0};
    std::size_t here{0}, leased{0}, held{0}, most{0};
    std::size_t grants{0}, surplus{0};
};

TEST_F(worked, what_takes_long_is_not_taken_ahead) {
    work(3, milliseconds(2'000), milliseconds(20'000));
    EXPECT_EQ(most, 3U);
    EXPECT_EQ(grants, 1U);
    EXPECT_EQ(surplus, 0U);
}

TEST_F(worked, nor_where_many_end_at_once) {
    for (int round = 0; round < 20; ++round, now += milliseconds(1'050)) {
        look(16);
        while (leased != 0) settle();
    }
    EXPECT_EQ(most, 16U);
}

TEST_F(worked, what_goes_fast_is_taken_ahead_for_as_long_as_asking_takes) {
    work(1, milliseconds(5), milliseconds(2'000));
    EXPECT_GE(size, 10U);
    EXPECT_LE(size, 45U);
    EXPECT_LE(grants, 10U);
    EXPECT_EQ(surplus, 0U);
}

TEST_F(worked, it_is_never_more_than_the_most) {
    work(600, milliseconds(1), milliseconds(200));
    EXPECT_EQ(most, prefetch_window::by_need_max);
    EXPECT_LE(grants, 10U);
}

TEST_F(worked, what_was_taken_while_it_went_fast_is_too_much_when_it_goes_slowly) {
    work(1, milliseconds(1), milliseconds(1'000));
    EXPECT_GE(here, 50U);
    for (int i = 0; i < 5; ++i, now += milliseconds(1'000)) look(1);
    EXPECT_GE(surplus, 3U);
    EXPECT_EQ(window.surplus(here - 1), here - 1);
}

TEST_F(worked, a_window_that_was_closed_opens_for_who_asks) {
    work(2, milliseconds(1), milliseconds(1'000));
    window.closed();
    const std::size_t left = here = leased = 2;
    size = open = 0;
    EXPECT_EQ(window.look({0, 2, left}, 0, now).more, 0U);
    EXPECT_EQ(window.look({3, 2, left}, 0, now).more, 3U);
}

TEST_F(worked, who_waits_gets_one_whatever_else_is_here) {
    for (held = 0; held < prefetch_window::by_need_max; ++held) {
        here = held;
        const std::size_t room = size - open;
        const std::size_t more = window.look({1, 0, here}, room, now).more;
        ASSERT_GE(room + more, 1U) << held;
        size += more;
        ++open;
        grants += more != 0 ? 1 : 0;
    }
    EXPECT_EQ(window.look({1, 0, prefetch_window::by_need_max}, 0, now).more, 0U);
    EXPECT_LE(grants, 12U);
}

TEST_F(worked, one_after_another_who_waits_needs_no_grant_of_its_own) {
    std::size_t room = 0;
    for (std::size_t waiting = 1; waiting <= 256; ++waiting) {
        const std::size_t more = window.look({waiting, 0, 0}, room, now).more;
        grants += more != 0 ? 1 : 0;
        room += more;
        EXPECT_GE(2 * room, waiting);
    }
    EXPECT_LE(grants, 10U);
}

TEST(fixed_window, stays_as_it_is) {
    prefetch_window window(7);
    const steady::time_point now{};
    EXPECT_EQ(window.look({0, 0, 0}, 0, now).more, 7U);
    EXPECT_EQ(window.look({100, 100, 100}, 0, now + std::chrono::hours(1)).more, 0U);
    window.closed();
    EXPECT_EQ(window.look({0, 0, 0}, 0, now).more, 7U);
    EXPECT_EQ(window.surplus(100), 0U);
    EXPECT_FALSE(window.is_by_need());
}

}  // namespace
}  // namespace freshet::test
