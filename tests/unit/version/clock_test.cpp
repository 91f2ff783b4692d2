#include "version/clock.hpp"

#include <freshet/time.hpp>

#include "version/version.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <thread>
#include <vector>

namespace freshet::test {
namespace {

const wall::time_point today{milliseconds{1'800'000'000'000}};

struct started_clock : version_clock {
    started_clock() : version_clock(7, 0, today) { mark_stored(wanted_mark(today)); }
};

TEST(version, says_when_and_where_it_was_given) {
    const version v = version_above(0, today, 1'023);
    EXPECT_EQ(time_of(v), today);
    EXPECT_EQ(node_of(v), 1'023U);
    EXPECT_GT(v, lowest_version);
    EXPECT_LT(v, version_end);
    EXPECT_EQ(version_at(wall::time_point(milliseconds(-5))), 0U);
}

TEST(version, more_than_there_are_in_a_millisecond_go_on_in_the_next) {
    version v = version_above(0, today, 3);
    for (unsigned i = 0; i < 1U << counter_bits; ++i) {
        const version next = version_above(v, today, 3);
        ASSERT_GT(next, v);
        ASSERT_EQ(node_of(next), 3U);
        v = next;
    }
    EXPECT_EQ(time_of(v), today + milliseconds(1));
}

TEST(version, is_above_one_of_a_higher_node) {
    EXPECT_GT(version_above(version_above(0, today, node_max), today, 0), version_above(0, today, node_max));
}

TEST(version_clock, gives_none_before_its_mark_is_stored) {
    version_clock clock(7, 0, today);
    EXPECT_EQ(clock.next(0, today), std::nullopt);
    EXPECT_TRUE(clock.wants_mark(today));
    clock.mark_stored(clock.wanted_mark(today));
    EXPECT_TRUE(clock.next(0, today));
    EXPECT_FALSE(clock.wants_mark(today));
}

TEST(version_clock, goes_on_above_its_mark_when_the_machine_s_clock_is_set_back) {
    started_clock before;
    const version last = *before.next(0, today + seconds(9));
    const version mark = before.wanted_mark(today);
    const auto yesterday = today - std::chrono::hours(24);
    version_clock after(7, mark, yesterday);
    EXPECT_EQ(after.next(0, yesterday), std::nullopt) << "the earlier run may have given all up to there";
    after.mark_stored(after.wanted_mark(yesterday));
    EXPECT_GT(*after.next(0, yesterday), mark);
    EXPECT_GT(mark, last);
}

TEST(version_clock, is_above_what_it_has_seen_and_met) {
    started_clock clock;
    const version seen = version_above(0, today + seconds(5), 9), met = version_above(0, today + seconds(6), 9);
    EXPECT_GT(*clock.next(seen, today), seen);
    clock.met(met);
    EXPECT_GT(*clock.next(0, today), met);
}

TEST(version_clock, stores_a_mark_before_it_follows_a_clock_that_is_ahead) {
    started_clock clock;
    clock.met(version_above(0, today + std::chrono::hours(1), 9));
    EXPECT_EQ(clock.next(0, today), std::nullopt);
    clock.mark_stored(clock.wanted_mark(today));
    EXPECT_EQ(time_of(*clock.next(0, today)), today + std::chrono::hours(1));
}

TEST(version_clock, what_nothing_could_be_above_is_no_version) {
    started_clock clock;
    clock.met(version_end);
    clock.met(~version{0});
    EXPECT_EQ(time_of(*clock.next(~version{0}, today)), today);
}

TEST(version_clock, what_is_more_than_a_day_ahead_moves_nothing) {
    started_clock clock;
    const version far = version_above(0, today + ahead_max + seconds(1), 9);
    EXPECT_GE(far, clock.end());
    clock.met(far);
    EXPECT_EQ(time_of(*clock.next(far, today)), today);
    const version near = version_above(0, today + ahead_max - seconds(1), 9);
    EXPECT_LT(near, clock.end());
    clock.met(near);
    EXPECT_EQ(clock.last(), near);
}

TEST(version_clock, a_day_ahead_is_of_the_latest_time_that_was_ever_shown) {
    started_clock clock;
    const version end = clock.end();
    clock.shows(today + seconds(5));
    EXPECT_EQ(clock.end(), end + version_at(wall::time_point(seconds(5))));
    const auto long_ago = today - std::chrono::hours(1'000);
    clock.shows(long_ago);
    EXPECT_EQ(clock.end(), end + version_at(wall::time_point(seconds(5))));
    EXPECT_EQ(version_clock(7, version_at(today), long_ago).end(), end) << "an earlier run has seen later times";
}

TEST(version_clock, never_gives_what_others_do_not_read) {
    const auto late = time_of(version_end) - seconds(1);
    version_clock clock(7, 0, late);
    clock.mark_stored(~version{0});
    EXPECT_TRUE(clock.next(0, late));
    EXPECT_EQ(clock.next(0, late + seconds(1)), std::nullopt);
}

TEST(version_clock, knows_what_this_run_has_given) {
    started_clock clock;
    std::vector<version> given;
    for (int i = 0; i < 3'000; ++i) given.push_back(*clock.next(0, today + milliseconds(1 + i % 7)));
    for (const version v : given) {
        EXPECT_TRUE(clock.is_of_this_run(v));
        EXPECT_TRUE(clock.may_have_given(v));
    }
    const version later_in_its_millisecond = given.back() + (1U << node_bits);
    EXPECT_FALSE(clock.may_have_given(later_in_its_millisecond));
    EXPECT_FALSE(clock.may_have_given(version_above(0, today + seconds(1), 7)));
}

TEST(version_clock, what_an_earlier_run_may_have_given_is_not_of_this_one) {
    const version mark = version_above(0, today + seconds(5), 7);
    const version_clock clock(7, mark, today);
    EXPECT_FALSE(clock.is_of_this_run(version_above(0, today, 7)));
    EXPECT_FALSE(clock.is_of_this_run(mark));
    EXPECT_TRUE(clock.is_of_this_run(version_above(mark, today, 7)));
    EXPECT_FALSE(clock.is_of_this_run(version_above(mark, today, 8)));
    EXPECT_FALSE(version_clock(7, 0, today).is_of_this_run(version_above(0, today - seconds(1), 7)))
        << "whose file was lost";
}

TEST(version_clock, gives_each_version_once_to_many_threads) {
    started_clock clock;
    std::vector<std::vector<version>> given(4);
    std::vector<std::thread> threads;
    for (auto& mine : given)
        threads.emplace_back([&] {
            for (int i = 0; i < 5'000; ++i) mine.push_back(*clock.next(0, today));
        });
    for (auto& t : threads) t.join();
    std::vector<version> all;
    for (const auto& mine : given) {
        EXPECT_TRUE(std::is_sorted(mine.begin(), mine.end()));
        all.insert(all.end(), mine.begin(), mine.end());
    }
    std::sort(all.begin(), all.end());
    EXPECT_EQ(std::adjacent_find(all.begin(), all.end()), all.end());
}

}  // namespace
}  // namespace freshet::test
