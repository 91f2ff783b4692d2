#include <freshet/time.hpp>

#include "config/units.hpp"

#include <gtest/gtest.h>

namespace freshet::reading {
namespace {

using namespace std::chrono_literals;

TEST(units, times_need_a_unit) {
    EXPECT_EQ(parse_time("300ms"), 300ms);
    EXPECT_EQ(parse_time("0s"), 0ms);
    EXPECT_EQ(parse_time("5 s"), 5s);
    EXPECT_EQ(parse_time("1m"), 1min);
    EXPECT_EQ(parse_time("1h"), 1h);
    EXPECT_EQ(parse_time("10d"), 240h);
    for (const auto* text : {"", "5", "s", "-1s", "+1s", "1.5s", "1s ", " 1s", "1S", "5  s", "1us", "1sec",
                             "99999999999999999d", "0x1s"}) {
        EXPECT_EQ(parse_time(text), std::nullopt) << text;
    }
}

TEST(units, sizes_may_be_bare) {
    EXPECT_EQ(parse_size("0"), 0u);
    EXPECT_EQ(parse_size("1234"), 1234u);
    EXPECT_EQ(parse_size("7B"), 7u);
    EXPECT_EQ(parse_size("100KB"), 100'000u);
    EXPECT_EQ(parse_size("100KiB"), 102'400u);
    EXPECT_EQ(parse_size("64MiB"), std::uint64_t{64} << 20);
    EXPECT_EQ(parse_size("1 GiB"), std::uint64_t{1} << 30);
    EXPECT_EQ(parse_size("2TB"), 2'000'000'000'000u);
    for (const auto* text : {"", "B", "-1", "1K", "1kb", "1.5GiB", "99999999999TiB", "18446744073709551616"}) {
        EXPECT_EQ(parse_size(text), std::nullopt) << text;
    }
}

TEST(units, what_is_formatted_can_be_read) {
    EXPECT_EQ(format_time(0ms), "0s");
    EXPECT_EQ(format_time(1500ms), "1500ms");
    EXPECT_EQ(format_time(90s), "90s");
    EXPECT_EQ(format_time(48h), "2d");
    EXPECT_EQ(format_size(0), "0B");
    EXPECT_EQ(format_size(1), "1B");
    EXPECT_EQ(format_size(std::uint64_t{8} << 30), "8GiB");
    EXPECT_EQ(format_size(3'000'000), "3MB");
    EXPECT_EQ(format_size(1'000'001), "1000001B");
    for (const std::uint64_t n : {1u, 999u, 1000u, 1024u, 1'000'000u, 1'048'576u, 1'500'000u})
        EXPECT_EQ(parse_size(format_size(n)), n);
    for (const milliseconds t : {0ms, 1ms, 999ms, 1000ms, 61'000ms, 86'400'000ms})
        EXPECT_EQ(parse_time(format_time(t)), t);
}

}  // namespace
}  // namespace freshet::reading
