#include "shard/deadlines.hpp"

#include <gtest/gtest.h>

#include <deque>

using namespace freshet;
using namespace std::literals;

namespace {

struct one final : waits_until {
    explicit one(milliseconds at) { until = steady::time_point(at); }
};

steady::time_point at(milliseconds t) { return steady::time_point(t); }

}  // namespace

TEST(deadlines, the_next_to_be_late_is_in_front_in_whatever_order_they_came) {
    deadlines<one> all;
    one third(30ms), first(10ms), second(20ms);
    all.add(third);
    all.add(first);
    all.add(second);
    EXPECT_EQ(all.late(at(9ms)), nullptr);
    EXPECT_EQ(all.late(at(10ms)), &first);
    all.remove(first);
    EXPECT_EQ(all.late(at(100ms)), &second);
    all.remove(third);
    all.remove(second);
    EXPECT_TRUE(all.empty());
}

TEST(deadlines, equal_ones_keep_their_order) {
    deadlines<one> all;
    std::deque<one> same;
    for (int i = 0; i < 100; ++i) all.add(same.emplace_back(5ms));
    for (one& expected : same) {
        EXPECT_EQ(&all.first(), &expected);
        all.remove(expected);
    }
}
