#include "queue/rabbitmq/channel/acks.hpp"
#include "queue/rabbitmq/wire/amqp_wire.hpp"

#include <gtest/gtest.h>

namespace freshet {
namespace {

/// What is said, as "7" or "7*" (and all below), in order.
std::vector<std::string> said(rabbitmq_acks& acks) {
    std::string frames;
    acks.say(frames);
    std::string_view rest = frames;
    std::vector<std::string> all;
    amqp_reader reader;
    amqp_frame_t frame{};
    while (!rest.empty() && reader.next(rest, frame) == amqp_reader::status::frame) {
        const auto& ack = fields_of<amqp_basic_ack_t>(frame.payload.method);
        all.push_back(std::to_string(ack.delivery_tag) + (ack.multiple != 0 ? "*" : ""));
    }
    return all;
}

using strings = std::vector<std::string>;

TEST(rabbitmq_acks, those_in_a_row_are_said_at_once) {
    rabbitmq_acks acks(2);
    for (const int tag : {2, 1, 3}) acks.settled(tag);
    EXPECT_EQ(said(acks), strings{"3*"});
    EXPECT_EQ(said(acks), strings{});
}

TEST(rabbitmq_acks, those_above_an_open_one_are_said_one_by_one) {
    rabbitmq_acks acks(2);
    for (const int tag : {1, 3, 5}) acks.settled(tag);
    EXPECT_EQ(said(acks), (strings{"1*", "3", "5"}));
    acks.settled(4);
    EXPECT_EQ(said(acks), strings{"4"});
}

TEST(rabbitmq_acks, the_last_one_of_a_row_is_one_that_the_broker_still_waits_for) {
    rabbitmq_acks acks(2);
    acks.settled(3);
    EXPECT_EQ(said(acks), strings{"3"});
    acks.settled(1);
    acks.settled(2);
    EXPECT_EQ(said(acks), strings{"2*"});
    acks.settled(3);
    EXPECT_TRUE(acks.empty());
    acks.settled(4);
    EXPECT_EQ(said(acks), strings{"4*"});
}

TEST(rabbitmq_acks, what_was_given_back_is_not_waited_for) {
    rabbitmq_acks acks(2);
    acks.settled(2);
    EXPECT_EQ(said(acks), strings{"2"});
    acks.give_back(5);
    for (const int tag : {4, 6, 7}) acks.settled(tag);
    EXPECT_EQ(said(acks), strings{"7*"});
}

TEST(rabbitmq_acks, one_that_was_given_back_by_itself_is_passed_over) {
    rabbitmq_acks acks(2);
    for (const int tag : {1, 3, 4}) acks.settled(tag);
    acks.returned(2);
    acks.returned(5);
    EXPECT_EQ(said(acks), strings{"4*"});
    acks.settled(5);
    EXPECT_TRUE(acks.empty());
    acks.settled(6);
    EXPECT_EQ(said(acks), strings{"6*"});
}

TEST(rabbitmq_acks, a_new_channel_counts_from_one) {
    rabbitmq_acks acks(2);
    acks.settled(9);
    acks.begin_again();
    EXPECT_TRUE(acks.empty());
    acks.settled(1);
    EXPECT_EQ(said(acks), strings{"1*"});
}

}  // namespace
}  // namespace freshet
