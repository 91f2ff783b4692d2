#include "store/memory/item_log.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

namespace freshet {
namespace {

constexpr std::size_t mebibyte = std::size_t{1} << 20;

/// An item of so many bytes in all at the front of the list.
stored_item* put(item_log& log, item_log::list l, std::size_t size) {
    const std::size_t units = (size + stored_item::unit - 1) / stored_item::unit;
    stored_item* item = log.append(l, units);
    if (item == nullptr) item = log.grow(l, units);
    if (item == nullptr) return nullptr;
    *item = {};
    item->value_size = static_cast<std::uint32_t>(units * stored_item::unit - sizeof(stored_item));
    return item;
}

TEST(item_log, fills_segments_from_front_to_back) {
    item_log log(mebibyte);
    EXPECT_EQ(log.bytes(), 0U);
    EXPECT_EQ(log.oldest(item_log::small), item_log::none);
    EXPECT_EQ(log.append(item_log::small, 8), nullptr);
    stored_item* const first = put(log, item_log::small, 64);
    stored_item* const second = put(log, item_log::small, 64);
    EXPECT_EQ(reinterpret_cast<char*>(second) - reinterpret_cast<char*>(first), 64);
    EXPECT_EQ(log.segment_of(*first), log.segment_of(*second));
    EXPECT_EQ(log.bytes(), log.segment_bytes());
    EXPECT_EQ(&log.at(log.reference(*second)), second);
    EXPECT_NE(log.reference(*first), 0U);
}

TEST(item_log, visits_the_items_of_a_segment_in_their_order) {
    item_log log(mebibyte);
    std::vector<stored_item*> put_in;
    for (std::size_t i = 0; i < 20; ++i) put_in.push_back(put(log, item_log::main, 40 + i * 8));
    std::vector<stored_item*> seen;
    log.each(log.oldest(item_log::main), [&](stored_item& item) { seen.push_back(&item); });
    EXPECT_EQ(seen, put_in);
}

TEST(item_log, lists_give_their_segments_first_in_first_out) {
    item_log log(mebibyte);
    std::vector<item_log::segment_id> order;
    for (int i = 0; i < 3; ++i) {
        const auto id = log.segment_of(*put(log, item_log::small, 1'024));
        while (log.append(item_log::small, 128) != nullptr) {}
        order.push_back(id);
    }
    put(log, item_log::main, 64);
    EXPECT_EQ(log.bytes(item_log::small), 3 * log.segment_bytes());
    EXPECT_EQ(log.bytes(item_log::main), log.segment_bytes());
    for (const auto id : order) {
        EXPECT_EQ(log.oldest(item_log::small), id);
        log.unlink(id);
        log.release(id);
    }
    EXPECT_EQ(log.oldest(item_log::small), item_log::none);
    EXPECT_EQ(log.bytes(), log.segment_bytes());
}

TEST(item_log, large_item_has_a_segment_of_its_own_behind_the_front) {
    item_log log(mebibyte);
    const stored_item* const little = put(log, item_log::small, 64);
    const std::size_t size = log.segment_bytes() * 2 + 100;
    EXPECT_EQ(log.growth((size + 7) / 8), (size + 4'095) / 4'096 * 4'096);
    stored_item* const large = put(log, item_log::small, size);
    std::memset(large->key_data(), 'x', large->value_size);
    const auto alone = log.segment_of(*large);
    EXPECT_TRUE(log.single(alone));
    EXPECT_EQ(log.oldest(item_log::small), alone);
    EXPECT_NE(log.append(item_log::small, 8), nullptr);
    EXPECT_EQ(log.bytes(), log.segment_bytes() + (size + 4'095) / 4'096 * 4'096);
    log.unlink(alone);
    log.relink(alone, item_log::main);
    EXPECT_EQ(log.oldest(item_log::main), alone);
    EXPECT_EQ(log.oldest(item_log::small), log.segment_of(*little));
    EXPECT_EQ(large->value().back(), 'x');
    EXPECT_TRUE(log.forget(*large));
}

TEST(item_log, segment_whose_items_are_all_forgotten_can_go_unless_it_is_being_filled) {
    item_log log(mebibyte);
    const stored_item* const first = put(log, item_log::small, 64);
    EXPECT_FALSE(log.forget(*first));  // the front
    while (log.append(item_log::small, 8) != nullptr) {}
    put(log, item_log::small, 64);
    item_log other(mebibyte);
    const stored_item* const one = put(other, item_log::small, other.segment_bytes() / 8);
    for (int i = 1; i < 8; ++i) put(other, item_log::small, other.segment_bytes() / 8);
    put(other, item_log::small, 64);
    const auto segment = other.segment_of(*one);
    int forgotten = 0;
    other.each(segment, [&](stored_item& item) { EXPECT_EQ(other.forget(item), ++forgotten == 8); });
}

TEST(item_log, address_space_is_used_again_for_large_items) {
    item_log log(mebibyte);
    for (int round = 0; round < 1'000; ++round) {
        stored_item* const large = put(log, item_log::small, log.segment_bytes() * (1 + round % 5));
        ASSERT_NE(large, nullptr) << round;
        const auto id = log.segment_of(*large);
        log.unlink(id);
        log.release(id);
    }
    EXPECT_EQ(log.bytes(), 0U);
}

TEST(item_log, cleared_log_begins_anew) {
    item_log log(mebibyte);
    const stored_item* const first = put(log, item_log::small, 64);
    put(log, item_log::main, 100'000);
    log.clear();
    EXPECT_EQ(log.bytes(), 0U);
    EXPECT_EQ(log.oldest(item_log::main), item_log::none);
    EXPECT_EQ(put(log, item_log::small, 64), first);
}

// 32 bits of units of 8 bytes are 32 GiB; a stripe of 8 GiB (item_size_max = 1 GiB) had 72 GiB of addresses
TEST(item_log, references_name_one_item_each_however_large_the_stripe) {
    item_log log(std::size_t{8} << 30);
    const std::size_t units = (std::size_t{1} << 30) / stored_item::unit;
    for (int i = 0; i < 100; ++i) {
        const stored_item* const item = log.grow(item_log::small, units);  // touches no memory
        if (item == nullptr) return;
        ASSERT_EQ(&log.at(log.reference(*item)), item) << i;
    }
    FAIL() << "it never ends";
}

}  // namespace
}  // namespace freshet
