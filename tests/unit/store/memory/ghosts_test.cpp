#include "store/memory/ghosts.hpp"

#include <gtest/gtest.h>

namespace freshet {
namespace {

std::uint32_t hash(std::uint32_t i) { return i * 2'654'435'761U; }

TEST(ghosts, without_room_remember_nothing) {
    ghosts g;
    g.add(hash(1));
    EXPECT_FALSE(g.take(hash(1)));
    EXPECT_EQ(g.bytes(), 0U);
}

TEST(ghosts, are_taken_once) {
    ghosts g;
    g.fit(1'000);
    EXPECT_FALSE(g.take(hash(1)));
    g.add(hash(1));
    EXPECT_TRUE(g.take(hash(1)));
    EXPECT_FALSE(g.take(hash(1)));
    EXPECT_EQ(g.bytes(), 1'024U * 4);
}

TEST(ghosts, most_of_the_last_are_remembered_and_the_old_are_not) {
    ghosts g;
    g.fit(1'024);
    for (std::uint32_t i = 1; i <= 20'000; ++i) g.add(hash(i));
    int young = 0;
    int old = 0;
    for (std::uint32_t i = 19'489; i <= 20'000; ++i) young += g.take(hash(i));  // the last 512
    for (std::uint32_t i = 1; i <= 18'000; ++i) old += g.take(hash(i));
    EXPECT_GT(young, 400);
    EXPECT_LT(old, 180);  // those whose print another key has by chance
}

TEST(ghosts, are_kept_while_their_number_changes_little) {
    ghosts g;
    g.fit(1'000);
    g.add(hash(1));
    g.fit(1'400);
    g.fit(600);
    EXPECT_TRUE(g.take(hash(1)));
    g.add(hash(1));
    g.fit(2'000);
    EXPECT_FALSE(g.take(hash(1)));
    g.add(hash(1));
    g.clear();
    EXPECT_FALSE(g.take(hash(1)));
    EXPECT_EQ(g.bytes(), 0U);
}

}  // namespace
}  // namespace freshet
