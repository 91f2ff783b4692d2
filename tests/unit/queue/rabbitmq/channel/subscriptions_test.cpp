#include "queue/rabbitmq/channel/subscriptions.hpp"

#include <gtest/gtest.h>

#include <string>

namespace freshet::test {
namespace {

TEST(rabbitmq_subscriptions, room_is_what_is_not_open_of_the_current_one) {
    rabbitmq_subscriptions s;
    s.want(3);
    EXPECT_EQ(s.room(), 3U);
    const std::string name = s.begin();
    s.delivered(name, 1);
    s.delivered(name, 2);
    EXPECT_EQ(s.room(), 1U);
    s.over(1);
    EXPECT_EQ(s.room(), 2U);
}

TEST(rabbitmq_subscriptions, what_an_earlier_one_brought_does_not_count) {
    rabbitmq_subscriptions s;
    s.want(2);
    const std::string first = s.begin();
    s.delivered(first, 1);
    s.want(4);
    s.retire();
    EXPECT_EQ(s.room(), 4U) << "before it is made";
    s.delivered(first, 2);  // was on its way
    s.ended();
    const std::string second = s.begin();
    EXPECT_NE(first, second);
    s.delivered(second, 3);
    EXPECT_EQ(s.room(), 3U);
    s.over(2);
    s.over(1);
    EXPECT_EQ(s.room(), 3U);
    s.over(3);
    EXPECT_EQ(s.room(), 4U);
}

TEST(rabbitmq_subscriptions, an_ended_one_is_a_consumer_until_all_of_it_is_settled) {
    rabbitmq_subscriptions s;
    s.want(2);
    EXPECT_EQ(s.count(), 0U);
    const std::string first = s.begin();
    EXPECT_EQ(s.count(), 1U);
    s.delivered(first, 1);
    s.retire();
    s.begin();
    EXPECT_EQ(s.count(), 2U);
    s.over(1);
    EXPECT_EQ(s.count(), 2U) << "one more may be on its way";
    s.ended();
    EXPECT_EQ(s.count(), 1U);
    s.retire();
    s.ended();
    EXPECT_EQ(s.count(), 0U);
}

TEST(rabbitmq_subscriptions, what_was_given_back_is_open_nowhere) {
    rabbitmq_subscriptions s;
    s.want(2);
    const std::string first = s.begin();
    s.delivered(first, 1);
    s.retire();
    s.ended();
    const std::string second = s.begin();
    s.delivered(second, 2);
    s.given_back();
    EXPECT_EQ(s.room(), 2U);
    EXPECT_EQ(s.count(), 1U);
    s.delivered(second, 3);
    s.over(2);  // from before
    EXPECT_EQ(s.room(), 1U);
    s.forget();
    EXPECT_EQ(s.count(), 0U);
    EXPECT_EQ(s.room(), 2U);
}

}  // namespace
}  // namespace freshet::test
