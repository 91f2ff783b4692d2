#include "queue/kafka/consumer/prefetch.hpp"

#include <gtest/gtest.h>

namespace freshet {
namespace {

using change = kafka_prefetch::change;

TEST(kafka_prefetch, it_holds_when_it_is_full_and_lets_go_when_half_is_settled) {
    kafka_prefetch p(4);
    p.opened(0, 3);
    EXPECT_EQ(p.next(), change::none);
    p.opened(3, 4);
    EXPECT_EQ(p.next(), change::hold);
    EXPECT_EQ(p.next(), change::none);
    p.opened(4, 3);
    EXPECT_EQ(p.next(), change::none);
    EXPECT_TRUE(p.is_holding());
    p.opened(3, 2);
    EXPECT_EQ(p.next(), change::let_go);
    EXPECT_FALSE(p.is_holding());
}

TEST(kafka_prefetch, partitions_count_together) {
    kafka_prefetch p(4);
    p.opened(0, 2);
    p.opened(0, 2);
    EXPECT_EQ(p.next(), change::hold);
}

TEST(kafka_prefetch, a_rebalance_while_it_holds_lets_go) {
    kafka_prefetch p(4);
    p.opened(0, 4);
    p.next();
    p.dropped();
    EXPECT_EQ(p.next(), change::let_go);
    EXPECT_EQ(p.room(), 4U);
}

TEST(kafka_prefetch, there_is_always_room_for_one_since_it_may_be_settled_already) {
    kafka_prefetch p(4);
    EXPECT_EQ(p.room(), 4U);
    p.opened(0, 3);
    EXPECT_EQ(p.room(), 1U);
    p.opened(3, 6);
    EXPECT_EQ(p.room(), 1U);
}

TEST(kafka_prefetch, of_one_message_at_a_time_the_next_comes_when_it_is_settled) {
    kafka_prefetch p(1);
    p.opened(0, 1);
    EXPECT_EQ(p.next(), change::hold);
    p.opened(1, 0);
    EXPECT_EQ(p.next(), change::let_go);
}

}  // namespace
}  // namespace freshet
