#include "base/whole_number.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace freshet {
namespace {

TEST(whole_number, is_all_of_the_text) {
    EXPECT_EQ(whole_number<unsigned>("0"), 0U);
    EXPECT_EQ(whole_number<unsigned>("007"), 7U);
    EXPECT_EQ(whole_number<std::int64_t>("-12"), -12);
    for (const char* text : {"", " ", "-", "x", " 1", "1 ", "1x", "+1", "1.0", "0x1", "1\n"}) {
        EXPECT_FALSE(whole_number<unsigned>(text)) << text;
        EXPECT_FALSE(whole_number<std::int64_t>(text)) << text;
    }
}

TEST(whole_number, has_room_in_its_type) {
    EXPECT_EQ(whole_number<std::uint64_t>("18446744073709551615"), std::numeric_limits<std::uint64_t>::max());
    EXPECT_FALSE(whole_number<std::uint64_t>("18446744073709551616"));
    EXPECT_EQ(whole_number<std::int64_t>("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
    EXPECT_FALSE(whole_number<std::int64_t>("9223372036854775808"));
    EXPECT_FALSE(whole_number<std::uint16_t>("65536"));
    EXPECT_FALSE(whole_number<unsigned>("-1"));
}

TEST(whole_number, is_of_any_base) {
    EXPECT_EQ(whole_number<unsigned>("fF", 16), 255U);
    EXPECT_FALSE(whole_number<unsigned>("g", 16));
}

TEST(whole_number, is_taken_from_the_beginning_of_a_text) {
    std::string_view text = "12ms";
    EXPECT_EQ(take_whole_number<unsigned>(text), 12U);
    EXPECT_EQ(text, "ms");
    EXPECT_FALSE(take_whole_number<unsigned>(text));
    EXPECT_EQ(text, "ms");
    text = "256 and more";
    EXPECT_FALSE(take_whole_number<std::uint8_t>(text));
    EXPECT_EQ(text, "256 and more");
}

}  // namespace
}  // namespace freshet
