#include "base/bytes.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace freshet {
namespace {

TEST(bytes, grow_and_keep_what_they_hold) {
    bytes b;
    EXPECT_TRUE(b.empty());
    EXPECT_EQ(b.view(), "");
    std::string expected;
    for (int i = 0; i < 1'000; ++i) {
        b.append("line ");
        b.push('x');
        b.append({});
        expected += "line x";
    }
    EXPECT_EQ(b.view(), expected);
    EXPECT_EQ(b.view(5'998), " x");
    EXPECT_GE(b.capacity(), b.size());
}

TEST(bytes, numbers_are_written_to_their_limits) {
    bytes b;
    b.append_number(0);
    b.push(' ');
    b.append_number(UINT64_MAX);
    b.push(' ');
    b.append_signed(INT64_MIN);
    b.push(' ');
    b.append_signed(INT64_MAX);
    EXPECT_EQ(b.view(), "0 18446744073709551615 -9223372036854775808 9223372036854775807");
}

TEST(bytes, prepared_room_counts_once_it_is_committed) {
    bytes b;
    std::memcpy(b.prepare(100), "hello", 5);
    EXPECT_TRUE(b.empty());
    b.commit(5);
    EXPECT_EQ(b.view(), "hello");
    b.truncate(4);
    EXPECT_EQ(b.view(), "hell");
}

TEST(bytes, consumed_bytes_leave_the_front) {
    bytes b;
    b.append("abcdef");
    b.consume(2);
    EXPECT_EQ(b.view(), "cdef");
    b.consume(4);
    EXPECT_TRUE(b.empty());
    b.append("x");
    EXPECT_EQ(b.view(), "x");
}

TEST(bytes, release_keeps_as_much_memory_as_it_is_told) {
    bytes b;
    b.prepare(1'000);
    b.release(1'000'000);
    EXPECT_GE(b.capacity(), 1'000U);
    b.release(999);
    EXPECT_EQ(b.capacity(), 0U);
    b.append("again");
    EXPECT_EQ(b.view(), "again");
}

TEST(bytes, moved_bytes_go_with_their_memory) {
    bytes a;
    a.append("first");
    bytes b(std::move(a));
    bytes c;
    c = std::move(b);
    EXPECT_EQ(c.view(), "first");
}

}  // namespace
}  // namespace freshet
