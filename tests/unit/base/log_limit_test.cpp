#include "base/log_limit.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace freshet {
namespace {

class log_limits : public testing::Test {
protected:
    unsigned admitted(const std::string& beginning, unsigned lines) {
        unsigned n = 0;
        for (unsigned i = 0; i < lines; ++i) n += limit.admits(beginning + std::to_string(i), now) ? 1 : 0;
        return n;
    }
    std::vector<std::string> sums() {
        std::vector<std::string> all;
        limit.sum_up(now, [&](const std::string& s) { all.push_back(s); });
        return all;
    }

    log_limit limit;
    steady::time_point now{seconds(3'600)};
    const std::string flood = "a noreply publish to a is lost: number ";
};

TEST_F(log_limits, a_flood_is_cut_and_summed_up_when_its_second_is_over) {
    EXPECT_EQ(admitted(flood, 1'000), log_limit::of_a_kind);
    EXPECT_TRUE(limit.has_more());
    EXPECT_TRUE(sums().empty());
    now += log_limit::window;
    EXPECT_EQ(sums(), std::vector<std::string>{"and 800 more lines, the first of them: " + flood + "200"});
    EXPECT_FALSE(limit.has_more());
    EXPECT_TRUE(sums().empty());
    EXPECT_EQ(admitted(flood, 1'000), log_limit::of_a_kind);
}

TEST_F(log_limits, other_lines_are_not_touched_by_it) {
    admitted(flood, 1'000);
    EXPECT_TRUE(limit.admits("SIGTERM: stopping", now));
}

TEST_F(log_limits, who_stays_below_it_is_always_written) {
    for (int second = 0; second < 5; ++second) {
        EXPECT_EQ(admitted(flood, log_limit::of_a_kind), log_limit::of_a_kind);
        EXPECT_FALSE(limit.has_more());
        now += log_limit::window;
    }
}

}  // namespace
}  // namespace freshet
