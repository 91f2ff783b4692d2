#include "shard/pool.hpp"
#include "shard/slice.hpp"
#include "support/heap.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

namespace freshet {
namespace {

TEST(pool, gives_the_same_chunk_out_again_without_the_heap) {
    pool p;
    chunk* const first = p.take(4'000);
    EXPECT_GE(first->capacity(), 4'000U);
    EXPECT_EQ(p.used_bytes(), first->capacity());
    first->leave();
    EXPECT_EQ(p.used_bytes(), 0U);
    const std::size_t before = test::heap_calls();
    chunk* const second = p.take(3'000);
    EXPECT_EQ(second, first);
    second->leave();
    EXPECT_EQ(test::heap_calls(), before);
}

TEST(pool, chunk_goes_back_with_its_last_slice) {
    pool p;
    chunk* const c = p.take(100);
    std::memcpy(c->data(), "hello", 5);
    slice one(*c, {c->data(), 5});
    c->leave();
    const slice two = one;
    one.reset();
    EXPECT_EQ(two.view(), "hello");
    EXPECT_NE(p.used_bytes(), 0U);
    slice three = two;
    three = slice();
    EXPECT_EQ(two.view(), "hello");
}

TEST(pool, common_room_stays_where_it_is_until_something_is_lent_of_it) {
    pool p;
    const pool::room first = p.common(100);
    p.common_done(50);
    const pool::room second = p.common(100);
    EXPECT_EQ(second.begin, first.begin);
    const slice lent(*second.in, {second.begin, 50});
    p.common_done(50);
    const pool::room third = p.common(100);
    EXPECT_GE(third.begin, second.begin + 50);
    p.common_done(50);  // nobody lent of these, but the slice is still there
    EXPECT_GT(p.common(100).begin, second.begin);
}

TEST(pool, larger_room_than_is_left_is_in_another_chunk) {
    pool p;
    const pool::room first = p.common(100);
    const slice lent(*first.in, {first.begin, 1});
    p.common_done(pool::common_bytes - 10);
    const pool::room second = p.common(100);
    EXPECT_NE(second.in, first.in);
    EXPECT_GE(second.size, 100U);
}

}  // namespace
}  // namespace freshet
