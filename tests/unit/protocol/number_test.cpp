#include "protocol/number.hpp"
#include "protocol/item_size.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace freshet {
namespace {

template <class Number>
std::optional<Number> read(bool (*parse)(std::string_view, Number&), std::string_view text) {
    Number n = 0;
    if (!parse(text, n)) return {};
    return n;
}
std::optional<std::uint64_t> whole(std::string_view text) { return read(parse_unsigned, text); }
std::optional<std::int64_t> with_sign(std::string_view text) { return read(parse_signed, text); }

TEST(number, unsigned_numbers_end_at_64_bits) {
    EXPECT_EQ(whole("0"), 0U);
    EXPECT_EQ(whole("0017"), 17U);
    EXPECT_EQ(whole("18446744073709551615"), ~std::uint64_t{0});
    EXPECT_FALSE(whole("18446744073709551616"));
    EXPECT_FALSE(whole("99999999999999999999999"));
}

TEST(number, signed_numbers_end_at_63_bits) {
    EXPECT_EQ(with_sign("9223372036854775807"), INT64_MAX);
    EXPECT_EQ(with_sign("-9223372036854775808"), INT64_MIN);
    EXPECT_FALSE(with_sign("9223372036854775808"));
    EXPECT_FALSE(with_sign("-9223372036854775809"));
}

TEST(number, blanks_around_and_a_sign_in_front_are_read_over) {
    EXPECT_EQ(whole(" \t+5"), 5U);
    EXPECT_EQ(whole("5 x"), 5U);
    EXPECT_EQ(whole("5\r\n"), 5U);
    EXPECT_EQ(whole(std::string_view("5\0x", 3)), 5U);
    EXPECT_EQ(with_sign("-5"), -5);
    EXPECT_EQ(with_sign("-0"), 0);
}

// strtoull's rule, and memcached refuses what comes out as a large negative number
TEST(number, minus_wraps_an_unsigned_number_unless_its_top_bit_is_set_then) {
    EXPECT_FALSE(whole("-1"));
    EXPECT_EQ(whole("-18446744073709551615"), 1U);
    EXPECT_EQ(whole("-0"), 0U);
}

TEST(number, other_texts_are_none) {
    for (const auto* text : {"", " ", "+", "-", "x", "5x", "--5", "+-5", "- 5", "0x10", "1.5", "1e3"}) {
        EXPECT_FALSE(whole(text)) << text;
        EXPECT_FALSE(with_sign(text)) << text;
    }
}

TEST(number, narrow_numbers_are_cut_to_32_bits) {
    EXPECT_EQ(read(parse_int32, "-1"), -1);
    EXPECT_EQ(read(parse_int32, "4294967296"), 0);
    EXPECT_EQ(read(parse_int32, "2147483648"), INT32_MIN);
    EXPECT_EQ(read(parse_flags, "4294967295"), UINT32_MAX);
    EXPECT_EQ(read(parse_flags, "4294967297"), 1U);
    EXPECT_FALSE(read(parse_flags, "-1"));
}

TEST(number, an_item_is_as_large_as_memcached_counts_it) {
    EXPECT_EQ(item_size(1, 0, 0), 60U);
    EXPECT_EQ(item_size(1, 7, 0), 64U);
    EXPECT_EQ(item_size(250, 0, 100), 409U);
}

}  // namespace
}  // namespace freshet
