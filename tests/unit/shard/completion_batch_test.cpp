#include "shard/completion_batch.hpp"
#include "shard/operation.hpp"
#include "shard/shard.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <vector>

namespace freshet {
namespace {

struct numbered final : operation {
    numbered(shard& at, int n, std::vector<int>& to) : number(n), ended(to) { home = &at; }
    void finish() override {
        EXPECT_TRUE(home->here());
        ended.push_back(number);
    }
    int number;
    std::vector<int>& ended;
};

TEST(completion_batch, each_shard_gets_its_own_in_order_and_once) {
    shard a{"a"}, b{"b"};
    a.start();
    b.start();
    std::vector<int> of_a, of_b;
    std::deque<numbered> all;
    completion_batch way;
    for (int round = 0; round < 2; ++round) {
        for (int i = 0; i < 10; ++i) way.add(all.emplace_back(i % 3 == 0 ? b : a, i, i % 3 == 0 ? of_b : of_a));
        way.post();
        way.post();
    }
    a.run_and_wait([] {});
    b.run_and_wait([] {});
    EXPECT_EQ(of_a, (std::vector<int>{1, 2, 4, 5, 7, 8, 1, 2, 4, 5, 7, 8}));
    EXPECT_EQ(of_b, (std::vector<int>{0, 3, 6, 9, 0, 3, 6, 9}));
    a.stop();
    b.stop();
}

}  // namespace
}  // namespace freshet
