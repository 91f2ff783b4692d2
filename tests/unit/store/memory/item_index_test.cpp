#include "store/memory/item_index.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace freshet {
namespace {

TEST(item_index, finds_what_was_put_in) {
    item_index index;
    EXPECT_EQ(index.find(1, 5U), nullptr);
    index.insert(1, 5);
    ASSERT_NE(index.find(1, 5U), nullptr);
    EXPECT_EQ(*index.find(1, 5U), 5U);
    EXPECT_EQ(index.find(2, 5U), nullptr);
    EXPECT_EQ(index.size(), 1U);
}

TEST(item_index, asks_about_each_item_of_the_same_hash) {
    item_index index;
    for (std::uint32_t where = 1; where <= 10; ++where) index.insert(7, where);
    int asked = 0;
    const auto* found = index.find(7, [&](item_index::reference where) { return ++asked, where == 10; });
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(asked, 10);
    EXPECT_EQ(index.find(7, [](item_index::reference) { return false; }), nullptr);
}

TEST(item_index, grows_before_it_is_full) {
    item_index index;
    const std::size_t begin = index.capacity();
    for (std::uint32_t i = 1; i <= 10'000; ++i) index.insert(i * 2'654'435'761U, i);
    EXPECT_GT(index.capacity(), begin);
    EXPECT_GE(index.capacity(), index.size() + index.size() / 4);
    EXPECT_EQ(index.bytes(), index.capacity() * 8);
    for (std::uint32_t i = 1; i <= 10'000; ++i) EXPECT_NE(index.find(i * 2'654'435'761U, i), nullptr);
    index.clear();
    EXPECT_EQ(index.size(), 0U);
    EXPECT_EQ(index.capacity(), begin);
    EXPECT_EQ(index.find(2'654'435'761U, 1U), nullptr);
}

TEST(item_index, others_stay_findable_when_one_of_a_cluster_goes) {
    std::mt19937 random(3);
    item_index index;
    std::map<std::uint32_t, std::uint32_t> model;  // where to hash
    for (std::uint32_t step = 1; step <= 50'000; ++step) {
        if (model.size() < 180 || random() % 2 == 0) {
            // a few hashes at the end of the table, so that clusters wrap round
            const std::uint32_t hash = 250 + random() % 12;
            if (model.size() < 185) {
                index.insert(hash, step);
                model[step] = hash;
            }
        } else {
            auto victim = model.begin();
            std::advance(victim, random() % model.size());
            index.erase(index.find(victim->second, victim->first));
            model.erase(victim);
        }
        if (step % 100 != 0) continue;
        ASSERT_EQ(index.size(), model.size());
        for (const auto& [where, hash] : model) ASSERT_NE(index.find(hash, where), nullptr);
    }
}

}  // namespace
}  // namespace freshet
