#include "shard/free_list.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

using namespace freshet;
using namespace std::literals;

namespace {

int alive = 0;

struct thing {
    thing() { ++alive; }
    ~thing() { --alive; }
    std::size_t kept_bytes() const noexcept { return memory.capacity(); }
    void release_memory() noexcept { std::string().swap(memory); }
    std::string memory;
};

using things = free_list<thing>;

void take_and_give_back(things& list, std::size_t count, std::size_t bytes = 0) {
    std::vector<std::unique_ptr<thing>> taken;
    for (std::size_t i = 0; i < count; ++i) taken.push_back(list.take());
    for (auto& t : taken) {
        t->memory.assign(bytes, 'x');
        list.give_back(std::move(t));
    }
}

class a_free_list : public testing::Test {
protected:
    shard home{"home"};
    things list{home};
};

}  // namespace

TEST_F(a_free_list, gives_the_one_that_came_back_last) {
    auto first = list.take();
    auto second = list.take();
    thing* const last = second.get();
    list.give_back(std::move(first));
    list.give_back(std::move(second));
    EXPECT_EQ(list.take().get(), last);
}

TEST_F(a_free_list, keeps_the_memory_of_those_that_are_taken_next_and_no_more_than_its_limit) {
    constexpr std::size_t each = things::kept_max_bytes / 8;
    take_and_give_back(list, 100, each);
    EXPECT_LE(list.kept_bytes(), things::kept_max_bytes);
    EXPECT_GT(list.take()->kept_bytes(), 0U);
}

TEST_F(a_free_list, one_that_holds_more_than_the_limit_alone_is_released) {
    take_and_give_back(list, 1, things::kept_max_bytes + 1);
    EXPECT_EQ(list.kept_bytes(), std::string().capacity());
    EXPECT_EQ(list.take()->kept_bytes(), std::string().capacity());
    EXPECT_EQ(list.kept_bytes(), 0U);  // what was released counts no more when it is taken
}

TEST(free_list, shrinks_after_a_burst_and_keeps_what_is_in_use) {
    constexpr std::size_t burst = 20'000;
    shard home("home");
    home.start();
    std::unique_ptr<things> list;
    home.run_and_wait([&] {
        list = std::make_unique<things>(home);
        take_and_give_back(*list, burst);
        EXPECT_EQ(alive, static_cast<int>(burst));
    });
    const auto until = steady::now() + 20s;
    std::size_t left = burst;
    while (left > things::kept_max && steady::now() < until) home.run_and_wait([&] { left = list->size(); });
    EXPECT_EQ(left, things::kept_max);
    EXPECT_EQ(alive, static_cast<int>(things::kept_max));
    home.run_and_wait([&] { list.reset(); });
    EXPECT_EQ(alive, 0);
    home.stop();
}
