#include "queue/rabbitmq/channel/publishing_channel.hpp"

#include <gtest/gtest.h>

namespace freshet {
namespace {

constexpr steady::time_point start{std::chrono::hours(1)};

TEST(rabbitmq_publishing_channel, a_refusal_moves_to_the_other_channel_and_back) {
    rabbitmq_publishing_channel channel;
    const auto there = channel.refused(start);
    ASSERT_TRUE(there);
    EXPECT_NE(there->from, there->to);
    EXPECT_TRUE(there->first);
    EXPECT_EQ(channel.number(), there->to);
    channel.closed();
    const auto back = channel.refused(start + seconds(1));
    ASSERT_TRUE(back);
    EXPECT_EQ(back->to, there->from);
    EXPECT_FALSE(back->first);
}

TEST(rabbitmq_publishing_channel, it_moves_once_a_second_at_most) {
    rabbitmq_publishing_channel channel;
    ASSERT_TRUE(channel.refused(start));
    channel.closed();
    EXPECT_FALSE(channel.refused(start + milliseconds(999)));
    EXPECT_TRUE(channel.refused(start + milliseconds(1'000)));
}

TEST(rabbitmq_publishing_channel, it_does_not_move_to_a_channel_that_is_not_closed_yet) {
    rabbitmq_publishing_channel channel;
    ASSERT_TRUE(channel.refused(start));
    EXPECT_FALSE(channel.refused(start + seconds(60)));
    channel.closed();
    EXPECT_TRUE(channel.refused(start + seconds(60)));
}

TEST(rabbitmq_publishing_channel, a_new_connection_begins_with_the_first_channel_and_the_same_pause) {
    rabbitmq_publishing_channel channel;
    const auto first = channel.number();
    ASSERT_TRUE(channel.refused(start));
    channel.begin_again();
    EXPECT_EQ(channel.number(), first);
    EXPECT_FALSE(channel.refused(start + milliseconds(10)));
    const auto move = channel.refused(start + seconds(1));
    ASSERT_TRUE(move);
    EXPECT_TRUE(move->first);
}

TEST(rabbitmq_publishing_channel, one_that_the_broker_closes_is_replaced_by_the_other_if_that_is_free) {
    rabbitmq_publishing_channel channel;
    const auto first = channel.number();
    EXPECT_TRUE(channel.replace());
    EXPECT_NE(channel.number(), first);
    EXPECT_TRUE(channel.replace());
    EXPECT_EQ(channel.number(), first);
    ASSERT_TRUE(channel.refused(start));
    EXPECT_FALSE(channel.replace());  // the first is being closed
}

TEST(rabbitmq_publishing_channel, a_channel_that_is_closed_unasked_changes_nothing) {
    rabbitmq_publishing_channel channel;
    channel.closed();
    const auto move = channel.refused(start);
    ASSERT_TRUE(move);
    EXPECT_TRUE(move->first);
}

}  // namespace
}  // namespace freshet
