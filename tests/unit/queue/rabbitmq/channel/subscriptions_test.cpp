#include "queue/rabbitmq/channel/subscriptions.hpp"

#include <gtest/gtest.h>

#include <string>

namespace freshet::test {
namespace {

TEST(rabbitmq_subscriptions, room_is_what_is_not_open_of_all) {
    rabbitmq_subscriptions s;
    s.want(3);
    EXPECT_EQ(s.room(), 3U);
    EXPECT_EQ(s.unsaid(), 3U);
    const std::string first = s.begin();
    EXPECT_EQ(s.unsaid(), 0U);
    s.delivered(first, 1);
    s.delivered(first, 2);
    EXPECT_EQ(s.room(), 1U);
    s.want(2);
    EXPECT_EQ(s.unsaid(), 2U);
    const std::string second = s.begin();
    EXPECT_NE(first, second);
    EXPECT_EQ(s.names().size(), 2U);
    s.delivered(second, 3);
    EXPECT_EQ(s.room(), 2U);
    for (const delivery_tag tag : {1, 2, 3}) s.over(tag);
    EXPECT_EQ(s.room(), 5U);
}

TEST(rabbitmq_subscriptions, what_came_before_they_were_retired_does_not_count) {
    rabbitmq_subscriptions s;
    s.want(2);
    const std::string first = s.begin();
    s.delivered(first, 1);
    s.want_none();
    s.retire();
    EXPECT_EQ(s.room(), 0U);
    s.delivered(first, 2);  // was on its way
    EXPECT_TRUE(s.ended());
    EXPECT_FALSE(s.ended());
    s.want(4);
    const std::string second = s.begin();
    EXPECT_EQ(s.room(), 4U);
    s.delivered(second, 3);
    s.over(2);
    s.over(1);
    EXPECT_EQ(s.room(), 3U);
    s.over(3);
    EXPECT_EQ(s.room(), 4U);
}

TEST(rabbitmq_subscriptions, all_that_are_retired_have_to_end) {
    rabbitmq_subscriptions s;
    for (int i = 0; i < 3; ++i) s.want(1), s.begin();
    s.retire();
    EXPECT_FALSE(s.ended());
    EXPECT_FALSE(s.ended());
    EXPECT_TRUE(s.ended());
}

TEST(rabbitmq_subscriptions, what_was_given_back_is_open_nowhere_and_a_new_channel_has_all_in_one) {
    rabbitmq_subscriptions s;
    s.want(1);
    s.begin();
    s.want(1);
    const std::string second = s.begin();
    s.delivered(second, 2);
    s.given_back();
    EXPECT_EQ(s.room(), 2U);
    s.delivered(second, 3);
    s.over(2);  // from before
    EXPECT_EQ(s.room(), 1U);
    s.forget();
    EXPECT_TRUE(s.names().empty());
    EXPECT_EQ(s.room(), 2U);
    EXPECT_EQ(s.unsaid(), 2U);
}

}  // namespace
}  // namespace freshet::test
