#include "store/memory/stripe.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <string>

namespace freshet {
namespace {

constexpr std::size_t mebibyte = std::size_t{1} << 20;

/// A stripe asked by key; every value is its key's first letter, over and over.
struct keyed_stripe {
    explicit keyed_stripe(std::size_t size) : in(size) {}

    static std::uint32_t hash(std::string_view key) {
        return static_cast<std::uint32_t>(std::hash<std::string_view>{}(key));
    }
    stored_item* find(const std::string& key) { return in.find(hash(key), key, now); }
    stored_item* put(const std::string& key, std::size_t size, std::uint32_t expires = 0) {
        stored_item* const item = in.place(hash(key), key, size, find(key), now);
        if (item == nullptr) return nullptr;
        item->expires = expires;
        std::memset(item->value_data(), key.front(), size);
        return item;
    }
    bool read(const std::string& key) {
        stored_item* const item = find(key);
        if (item == nullptr) return false;
        item->uses = std::min(item->uses + 1U, 3U) & 3U;
        return true;
    }
    /// Items that nobody asks for again.
    void flood(int count, std::size_t size = 100) {
        for (int i = 0; i < count; ++i) ASSERT_NE(put("flood" + std::to_string(flooded++), size), nullptr);
    }

    stripe in;
    std::uint32_t now{10};
    int flooded{0};
};

TEST(stripe, finds_what_was_put_in) {
    keyed_stripe s(mebibyte);
    EXPECT_EQ(s.find("a"), nullptr);
    s.put("a", 100);
    ASSERT_NE(s.find("a"), nullptr);
    EXPECT_EQ(s.find("a")->value(), std::string(100, 'a'));
    s.in.erase(*s.find("a"));
    EXPECT_EQ(s.find("a"), nullptr);
    EXPECT_EQ(s.in.items(), 0U);
}

TEST(stripe, items_that_were_never_read_leave_first) {
    keyed_stripe s(mebibyte);
    for (int i = 0; i < 1'000; ++i) s.put("kept" + std::to_string(i), 100);
    for (int i = 0; i < 1'000; ++i) s.read("kept" + std::to_string(i));
    s.flood(30'000);
    int kept = 0;
    for (int i = 0; i < 1'000; ++i) kept += s.find("kept" + std::to_string(i)) != nullptr;
    EXPECT_EQ(kept, 1'000);
    EXPECT_EQ(s.find("flood0"), nullptr);
    EXPECT_GT(s.in.figures.evictions, 0U);
}

TEST(stripe, ghost_comes_back_into_main) {
    keyed_stripe s(mebibyte);
    s.put("ghost", 100);
    while (s.find("ghost") != nullptr) s.flood(1);
    const stored_item* const again = s.put("ghost", 100);
    EXPECT_TRUE(again->in_main);
    EXPECT_FALSE(s.put("new", 100)->in_main);
    s.flood(5'000);
    EXPECT_NE(s.find("ghost"), nullptr);
}

TEST(stripe, expired_items_are_gone_and_their_room_reclaimed) {
    keyed_stripe s(mebibyte);
    for (int i = 0; i < 1'000; ++i) s.put("old" + std::to_string(i), 100, 20);
    EXPECT_NE(s.find("old1"), nullptr);
    s.now = 20;
    EXPECT_EQ(s.find("old1"), nullptr);
    EXPECT_EQ(s.in.figures.get_expired, 1U);
    s.flood(10'000);
    EXPECT_EQ(s.in.figures.reclaimed, 999U);
}

TEST(stripe, value_of_the_same_size_is_overwritten_in_place) {
    keyed_stripe s(mebibyte);
    const stored_item* const first = s.put("a", 1'000);
    EXPECT_EQ(s.put("a", 1'000), first);
    EXPECT_EQ(s.put("a", 900), first);
    EXPECT_EQ(s.put("a", 1'000), first);
    EXPECT_NE(s.put("a", 2'000), first);
    EXPECT_NE(s.put("a", 10), first);
    EXPECT_EQ(s.in.items(), 1U);
    EXPECT_EQ(s.find("a")->value(), std::string(10, 'a'));
}

TEST(stripe, value_larger_than_the_stripe_is_refused) {
    keyed_stripe s(mebibyte);
    EXPECT_EQ(s.put("a", 2 * mebibyte), nullptr);
    EXPECT_EQ(s.find("a"), nullptr);
    EXPECT_NE(s.put("a", 100), nullptr);
}

TEST(stripe, cleared_stripe_is_empty_and_usable) {
    keyed_stripe s(mebibyte);
    s.flood(20'000);
    s.in.clear();
    EXPECT_EQ(s.in.items(), 0U);
    EXPECT_EQ(s.find("flood19999"), nullptr);
    s.put("a", 50'000);
    EXPECT_EQ(s.find("a")->value(), std::string(50'000, 'a'));
}

TEST(stripe, everything_read_gives_way_all_the_same) {
    keyed_stripe s(mebibyte);
    for (int i = 0; i < 20'000; ++i) {
        const std::string key = "key" + std::to_string(i);
        ASSERT_NE(s.put(key, 300), nullptr);
        for (int reads = 0; reads < 3; ++reads) s.read(key);
    }
    EXPECT_LE(s.in.bytes_used(), mebibyte);
}

/// Sizes as the cases say: many operations, the limit after each, and what is found is what was put in.
void crowd(std::size_t limit, std::size_t size_max, unsigned seed) {
    std::mt19937 random(seed);
    keyed_stripe s(limit);
    const std::size_t empty = s.in.bytes_used();
    ASSERT_LT(empty, limit);
    for (int i = 0; i < 100'000; ++i) {
        std::string key(1, static_cast<char>('a' + random() % 26));
        key += std::to_string(random() % 20'000);
        s.now = 10 + static_cast<std::uint32_t>(i / 1'000);
        switch (random() % 8) {
            case 0:
                if (stored_item* const item = s.find(key)) s.in.erase(*item);
                break;
            case 1:
            case 2:
            case 3:
                if (s.read(key)) {
                    const auto value = s.find(key)->value();
                    ASSERT_EQ(value.find_first_not_of(key.front()), value.npos);
                }
                break;
            default: {
                const std::size_t size = random() % 50 == 0 ? random() % size_max : random() % 200;
                ASSERT_NE(s.put(key, size, random() % 4 == 0 ? s.now + random() % 5 : 0), nullptr) << i;
            }
        }
        ASSERT_LE(s.in.bytes_used(), limit) << i << " " << s.in.items();
    }
}

TEST(stripe, limit_holds_after_each_of_many_operations_with_small_items) { crowd(2 * mebibyte, 200, 1); }
TEST(stripe, limit_holds_after_each_of_many_operations_with_large_items) { crowd(8 * mebibyte, mebibyte, 3); }

// the index doubles while the items' memory is full already
TEST(stripe, limit_holds_while_tiny_items_take_the_place_of_large_ones) {
    for (const std::size_t limit : {mebibyte, 2 * mebibyte, 5 * mebibyte, 16 * mebibyte}) {
        keyed_stripe s(limit);
        s.flood(static_cast<int>(limit / 1'000), 2'000);
        for (std::size_t i = 0; i < limit / 20; ++i) {
            ASSERT_NE(s.put(std::to_string(i), 1), nullptr);
            ASSERT_LE(s.in.bytes_used(), limit) << s.in.items() << " items";
        }
    }
}

}  // namespace
}  // namespace freshet
