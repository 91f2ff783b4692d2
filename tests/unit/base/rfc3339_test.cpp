#include <freshet/time.hpp>

#include "base/rfc3339.hpp"

#include <gtest/gtest.h>

namespace freshet {
namespace {

wall::time_point at_ms(std::int64_t ms) { return wall::time_point(milliseconds(ms)); }

TEST(rfc3339, a_date_is_told_to_the_millisecond) {
    rfc3339 date;
    EXPECT_EQ(date.tell(at_ms(1'767'323'045'678)), "2026-01-02T03:04:05.678Z");
    EXPECT_EQ(date.tell(at_ms(1'767'323'045'001)), "2026-01-02T03:04:05.001Z");
    EXPECT_EQ(date.tell(at_ms(1'767'323'046'000)), "2026-01-02T03:04:06.000Z");
}

TEST(rfc3339, what_is_told_is_read_again) {
    rfc3339 date;
    for (const std::int64_t ms : {std::int64_t{0}, std::int64_t{951'782'400'999}, std::int64_t{1'767'323'045'678}})
        EXPECT_EQ(parse_rfc3339(date.tell(at_ms(ms))), at_ms(ms));
}

TEST(rfc3339, other_programs_write_it_in_other_ways) {
    const auto expected = at_ms(1'767'323'045'500);
    for (const char* text : {"2026-01-02T03:04:05.5Z", "2026-01-02t03:04:05.500999z", "2026-01-02 05:34:05.50+02:30",
                             "2026-01-01T22:04:05.5-05:00"})
        EXPECT_EQ(parse_rfc3339(text), expected) << text;
    EXPECT_EQ(parse_rfc3339("2026-01-02T03:04:05Z"), at_ms(1'767'323'045'000));
}

TEST(rfc3339, what_no_clock_here_can_tell_is_the_nearest_that_one_can) {
    EXPECT_GT(parse_rfc3339("9999-12-31T23:59:59Z"), at_ms(9'000'000'000'000));
    EXPECT_LT(parse_rfc3339("0001-01-01T00:00:00Z"), at_ms(-9'000'000'000'000));
}

TEST(rfc3339, what_is_no_date_is_none) {
    for (const char* text :
         {"", "2026-01-02", "2026-01-02T03:04:05", "2026-13-02T03:04:05Z", "2026-02-30T03:04:05Z",
          "2026-01-02T24:04:05Z", "2026-01-02T03:04:05.Z", "2026-01-02T03:04:05+0230", "2026-01-02T03:04:05Zx",
          "20x6-01-02T03:04:05Z", "2026-01-02T-3:04:05Z", "2026-01-02T-0:04:05Z", "-000-01-02T03:04:05Z"})
        EXPECT_EQ(parse_rfc3339(text), std::nullopt) << text;
}

}  // namespace
}  // namespace freshet
