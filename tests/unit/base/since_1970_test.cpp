#include "base/since_1970.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace freshet {
namespace {

TEST(since_1970, a_date_is_kept_to_the_millisecond) {
    for (const std::int64_t ms : {std::int64_t{-1}, std::int64_t{0}, std::int64_t{1'767'323'045'678}})
        EXPECT_EQ(ms_since_1970(from_ms_since_1970(ms)), ms);
    EXPECT_EQ(ms_since_1970(from_ms_since_1970(5) + std::chrono::microseconds(999)), 5);
}

TEST(since_1970, a_date_beyond_the_clock_is_its_last) {
    const auto last = from_ms_since_1970(std::numeric_limits<std::int64_t>::max());
    EXPECT_GT(last, from_ms_since_1970(9'000'000'000'000));
    EXPECT_LT(wall::time_point::max() - last, milliseconds(1));
    EXPECT_LT(from_ms_since_1970(std::numeric_limits<std::int64_t>::min()), wall::time_point{});
}

}  // namespace
}  // namespace freshet
