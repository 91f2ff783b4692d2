#include "bench/load/contents.hpp"

#include <gtest/gtest.h>

namespace freshet::load {
namespace {

std::string key_of(const contents& c, std::uint64_t number) {
    std::string key;
    c.append_key(key, number);
    return key;
}
std::string value_of(const contents& c, std::uint64_t number) {
    std::string value;
    c.append_value(value, number);
    return value;
}

TEST(bench_contents, keys_and_values_have_the_sizes_that_were_asked_for) {
    for (const std::size_t size : {16U, 17U, 30U, 250U}) EXPECT_EQ(key_of(contents(size, 0), 1).size(), size);
    for (const std::size_t size : {0U, 1U, 15U, 16U, 100U, 5000U}) {
        EXPECT_EQ(value_of(contents(30, size), 1).size(), size);
        EXPECT_TRUE(contents(30, size).is_value(value_of(contents(30, size), 1), 1));
    }
}

TEST(bench_contents, a_key_is_that_of_its_number_only) {
    const contents c(30, 100);
    EXPECT_TRUE(c.is_key(key_of(c, 77), 77));
    EXPECT_FALSE(c.is_key(key_of(c, 77), 78));
    EXPECT_FALSE(c.is_key(key_of(c, 77).substr(1), 77));
    EXPECT_FALSE(c.is_key(key_of(c, 77) + "x", 77));
    EXPECT_FALSE(c.is_key("", 77));
}

TEST(bench_contents, one_wrong_byte_of_a_value_is_seen) {
    const contents c(30, 100);
    const std::string right = value_of(c, 77);
    for (std::size_t i = 0; i < right.size(); ++i) {
        std::string wrong = right;
        wrong[i] = static_cast<char>(wrong[i] ^ 1);
        EXPECT_FALSE(c.is_value(wrong, 77)) << i;
    }
    EXPECT_FALSE(c.is_value(right.substr(0, 99), 77));
}

TEST(bench_contents, short_values_differ_too) {
    const contents c(30, 4);
    EXPECT_FALSE(c.is_value(value_of(c, 1), 2));
}

TEST(bench_contents, a_value_says_its_number) {
    const contents c(30, 100);
    EXPECT_EQ(c.number_of(value_of(c, 0xfedcba9876543210)), 0xfedcba9876543210);
    EXPECT_FALSE(c.number_of("hello"));
    EXPECT_FALSE(c.number_of(std::string(100, 'x')));
    EXPECT_FALSE(c.number_of(std::string(100, '0')));
}

}  // namespace
}  // namespace freshet::load
