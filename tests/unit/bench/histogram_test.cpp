#include "bench/histogram.hpp"

#include <gtest/gtest.h>

namespace freshet::load {
namespace {

histogram times_to(std::int64_t n) {
    histogram h;
    for (std::int64_t i = 1; i <= n; ++i) h.add(i * 1000);
    return h;
}

TEST(bench_histogram, quantiles_are_at_most_one_bucket_too_high) {
    const histogram h = times_to(100'000);
    for (const unsigned thousandths : {1U, 500U, 900U, 990U, 999U}) {
        const double exact = thousandths * 100.0;
        EXPECT_GE(*h.quantile_us(thousandths), exact);
        EXPECT_LE(*h.quantile_us(thousandths), exact * 1.016);
    }
    EXPECT_DOUBLE_EQ(h.mean_us(), 50'000.5);
    EXPECT_DOUBLE_EQ(h.max_us(), 100'000);
    EXPECT_EQ(h.total(), 100'000U);
}

TEST(bench_histogram, short_times_are_exact) {
    histogram h;
    for (int i = 1; i <= 100; ++i) h.add(i);
    EXPECT_DOUBLE_EQ(*h.quantile_us(500), 0.050);
    EXPECT_DOUBLE_EQ(*h.quantile_us(990), 0.099);
}

TEST(bench_histogram, a_quantile_beyond_the_times_is_not_given) {
    EXPECT_FALSE(histogram().quantile_us(500));
    EXPECT_FALSE(times_to(1).quantile_us(500));
    EXPECT_TRUE(times_to(2).quantile_us(500));
    EXPECT_FALSE(times_to(99).quantile_us(990));
    EXPECT_TRUE(times_to(100).quantile_us(990));
    EXPECT_FALSE(times_to(999).quantile_us(999));
}

TEST(bench_histogram, no_quantile_is_above_the_longest_time) {
    histogram h;
    for (int i = 0; i < 1000; ++i) h.add(1'000'003);
    EXPECT_DOUBLE_EQ(*h.quantile_us(999), 1000.003);
}

TEST(bench_histogram, every_time_has_a_bucket) {
    histogram h;
    h.add(-5);
    h.add(INT64_MAX);
    EXPECT_DOUBLE_EQ(*h.quantile_us(500), 0);
    EXPECT_EQ(h.total(), 2U);
}

TEST(bench_histogram, sums_and_differences_of_two_hold_the_times_of_both) {
    histogram first = times_to(1000);
    const histogram before = first;
    histogram second;
    for (int i = 0; i < 10; ++i) second.add(7);
    first.add(second);
    EXPECT_EQ(first.total(), 1010U);
    const histogram since = first.since(before);
    EXPECT_EQ(since.total(), 10U);
    EXPECT_DOUBLE_EQ(*since.quantile_us(900), 0.007);
    EXPECT_DOUBLE_EQ(since.mean_us(), 0.007);
}

}  // namespace
}  // namespace freshet::load
