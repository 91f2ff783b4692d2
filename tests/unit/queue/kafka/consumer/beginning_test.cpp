#include "queue/kafka/consumer/beginning.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace freshet {
namespace {

struct partition {
    std::int64_t committed{-1}, seen{0};
    kafka_extent has{};
    bool subscribed{true};
};

std::string beginning(const partition& p) {
    const auto begins = beginning_of(p.committed, p.seen, p.has, p.subscribed);
    return std::to_string(begins.offset) + (begins.lost ? " lost" : "");
}

TEST(kafka_beginning, what_the_broker_still_has_is_read_on) {
    EXPECT_EQ(beginning({.committed = 7, .has = {5, 9}}), "7");
    EXPECT_EQ(beginning({.committed = 5, .has = {5, 9}}), "5");
    EXPECT_EQ(beginning({.committed = 9, .has = {5, 9}}), "9");
    EXPECT_EQ(beginning({.committed = 9, .has = {9, 9}}), "9");
    EXPECT_EQ(beginning({.committed = 0, .has = {0, 0}}), "0");
}

TEST(kafka_beginning, what_retention_has_taken_before_it_was_read_is_lost) {
    EXPECT_EQ(beginning({.committed = 4, .has = {5, 9}}), "5 lost");
    EXPECT_EQ(beginning({.committed = 4, .has = {9, 9}}), "9 lost");
    EXPECT_EQ(beginning({.committed = 0, .has = {1, 1}}), "1 lost");
}

TEST(kafka_beginning, what_was_told_to_be_lost_is_not_lost_again_before_a_position_is_committed) {
    EXPECT_EQ(beginning({.committed = 4, .seen = 5, .has = {5, 9}}), "5");
    EXPECT_EQ(beginning({.committed = 4, .seen = 5, .has = {6, 9}}), "6 lost");
    EXPECT_EQ(beginning({.seen = 5, .has = {5, 9}}), "5");
}

TEST(kafka_beginning, a_topic_that_was_made_anew_has_lost_what_the_old_one_had) {
    EXPECT_EQ(beginning({.committed = 10, .has = {0, 9}}), "0 lost");
    EXPECT_EQ(beginning({.seen = 10, .has = {0, 9}}), "0 lost");
    EXPECT_EQ(beginning({.committed = 3, .seen = 10, .has = {0, 9}}), "0 lost");
    EXPECT_EQ(beginning({.committed = 3, .seen = 3, .has = {0, 9}}), "3");
}

TEST(kafka_beginning, of_a_first_subscription_nothing_is_lost) {
    EXPECT_EQ(beginning({.has = {5, 9}, .subscribed = false}), "5");
    EXPECT_EQ(beginning({.has = {0, 9}, .subscribed = false}), "0");
}

TEST(kafka_beginning, a_group_that_the_broker_has_forgotten_has_lost_what_is_not_there_any_more) {
    EXPECT_EQ(beginning({.has = {5, 9}}), "5 lost");
    EXPECT_EQ(beginning({.has = {0, 9}}), "0");
}

}  // namespace
}  // namespace freshet
