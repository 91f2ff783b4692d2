#include "shard/mailbox.hpp"
#include "shard/operation.hpp"

#include <gtest/gtest.h>

#include <array>
#include <thread>
#include <vector>

namespace freshet {
namespace {

struct letter final : operation {
    void finish() override {}
    int from{0};
    int number{0};
};

std::vector<int> numbers(operation* o) {
    std::vector<int> all;
    for (; o != nullptr; o = o->next) all.push_back(static_cast<letter*>(o)->number);
    return all;
}

TEST(mailbox, gives_chains_in_the_order_in_which_they_were_put) {
    mailbox box;
    std::array<letter, 6> l;
    for (int i = 0; i < 6; ++i) l[static_cast<std::size_t>(i)].number = i;
    EXPECT_TRUE(box.empty());
    EXPECT_EQ(box.take(), nullptr);
    l[0].next = &l[1];
    l[1].next = &l[2];
    EXPECT_TRUE(box.put(l[0], l[2]));
    EXPECT_FALSE(box.put(l[3]));
    l[4].next = &l[5];
    EXPECT_FALSE(box.put(l[4], l[5]));
    EXPECT_FALSE(box.empty());
    EXPECT_EQ(numbers(box.take()), (std::vector{0, 1, 2, 3, 4, 5}));
    EXPECT_TRUE(box.empty());
    EXPECT_TRUE(box.put(l[0]));
}

TEST(mailbox, keeps_each_thread_s_order_and_loses_nothing) {
    constexpr int threads = 4, each = 20'000;
    mailbox box;
    std::vector<std::vector<letter>> letters(threads);
    std::vector<std::thread> writers;
    for (int t = 0; t < threads; ++t) {
        auto& mine = letters[static_cast<std::size_t>(t)];
        mine = std::vector<letter>(each);
        writers.emplace_back([&box, &mine, t] {
            for (int i = 0; i < each; i += 2) {  // chains of two
                auto& first = mine[static_cast<std::size_t>(i)];
                auto& second = mine[static_cast<std::size_t>(i + 1)];
                first.from = second.from = t;
                first.number = i;
                second.number = i + 1;
                first.next = &second;
                box.put(first, second);
            }
        });
    }
    std::array<int, threads> expected{};
    for (int taken = 0; taken < threads * each;) {
        for (operation* o = box.take(); o != nullptr; o = o->next, ++taken) {
            const auto& l = static_cast<letter&>(*o);
            ASSERT_EQ(l.number, expected[static_cast<std::size_t>(l.from)]++);
        }
    }
    for (auto& w : writers) w.join();
    EXPECT_TRUE(box.empty());
}

}  // namespace
}  // namespace freshet
