#include "bench/load/random.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace freshet::load {
namespace {

std::vector<double> shares(std::uint32_t count, double exponent, int draws) {
    const zipf_source zipf(count, exponent);
    random_source random(7);
    std::vector<double> found(count);
    for (int i = 0; i < draws; ++i) found[zipf.draw(random)] += 1.0 / draws;
    return found;
}

TEST(bench_random, zipf_ranks_have_the_shares_that_the_exponent_gives_them) {
    constexpr std::uint32_t count = 1000;
    for (const double exponent : {0.5, 0.99, 1.5}) {
        double sum = 0;
        for (std::uint32_t i = 1; i <= count; ++i) sum += std::pow(i, -exponent);
        const auto found = shares(count, exponent, 1'000'000);
        for (const std::uint32_t rank : {0U, 1U, 2U, 9U, 99U}) {
            const double expected = std::pow(rank + 1.0, -exponent) / sum;
            EXPECT_NEAR(found[rank], expected, 6 * std::sqrt(expected / 1e6)) << exponent << " " << rank;
        }
    }
}

TEST(bench_random, one_key_is_always_drawn) { EXPECT_DOUBLE_EQ(std::round(shares(1, 0.99, 100)[0] * 1e9), 1e9); }

TEST(bench_random, numbers_stay_below_the_limit_and_reach_all_of_it) {
    random_source random(1);
    std::vector<int> seen(10);
    for (int i = 0; i < 1000; ++i) ++seen.at(random.below(10));
    for (const int n : seen) EXPECT_GT(n, 50);
}

TEST(bench_random, the_seed_decides) {
    EXPECT_EQ(random_source(3).next(), random_source(3).next());
    EXPECT_NE(random_source(3).next(), random_source(4).next());
}

}  // namespace
}  // namespace freshet::load
