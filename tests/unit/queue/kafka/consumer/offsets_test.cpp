#include "queue/kafka/consumer/offsets.hpp"

#include <gtest/gtest.h>

namespace freshet {
namespace {

TEST(kafka_offsets, the_position_is_the_lowest_message_that_is_not_settled) {
    kafka_offsets o;
    EXPECT_EQ(o.position(), -1);
    for (const int offset : {5, 6, 7, 9}) EXPECT_TRUE(o.arrived(offset));
    EXPECT_EQ(o.position(), 5);
    o.settled(6);
    o.settled(9);
    EXPECT_EQ(o.position(), 5);
    o.settled(5);
    EXPECT_EQ(o.position(), 7);
    o.settled(7);
    EXPECT_EQ(o.position(), 10);
    EXPECT_EQ(o.open(), 0U);
}

TEST(kafka_offsets, what_was_settled_is_known_when_it_comes_again) {
    kafka_offsets o;
    for (const int offset : {0, 1, 2}) o.arrived(offset);
    o.settled(1);
    o.taken_away();
    EXPECT_EQ(o.open(), 0U);
    EXPECT_TRUE(o.arrived(0));
    EXPECT_FALSE(o.arrived(1));
    EXPECT_TRUE(o.arrived(2));
    EXPECT_EQ(o.position(), 0);
    o.settled(0);
    EXPECT_EQ(o.position(), 2);
}

TEST(kafka_offsets, there_is_no_position_until_something_comes_again) {
    kafka_offsets o;
    for (const int offset : {3, 4}) o.arrived(offset);
    o.taken_away();
    EXPECT_EQ(o.position(), -1);
    EXPECT_EQ(o.next(), -1);
    o.settled(4);
    EXPECT_EQ(o.position(), -1);
    EXPECT_TRUE(o.arrived(3));
    EXPECT_EQ(o.position(), 3);
    EXPECT_TRUE(o.arrived(4));
}

TEST(kafka_offsets, what_a_compacted_topic_does_not_have_any_more_takes_no_room) {
    constexpr std::int64_t far = 1'000'000'000'000;
    kafka_offsets o;
    o.begin(0);
    EXPECT_EQ(o.position(), 0);
    EXPECT_TRUE(o.arrived(far));
    EXPECT_EQ(o.position(), far);
    o.settled(far);
    EXPECT_EQ(o.position(), far + 1);
    EXPECT_TRUE(o.arrived(2 * far));
    EXPECT_EQ(o.position(), 2 * far);
}

TEST(kafka_offsets, what_begins_anew_has_a_position_before_anything_comes_and_knows_nothing_of_what_was) {
    kafka_offsets o;
    for (const int offset : {3, 4, 5}) o.arrived(offset);
    o.settled(5);
    o.taken_away();
    o.begin(1);
    EXPECT_EQ(o.position(), 1);
    EXPECT_EQ(o.seen(), 1);
    EXPECT_EQ(o.settled_above(), "");
    EXPECT_TRUE(o.arrived(5));
    EXPECT_EQ(o.position(), 5);
    o.settled(5);
    EXPECT_EQ(o.position(), 6);
}

TEST(kafka_offsets, others_may_have_gone_on_in_the_meantime) {
    kafka_offsets o;
    for (const int offset : {3, 4, 5}) o.arrived(offset);
    o.settled(5);
    o.taken_away();
    EXPECT_TRUE(o.arrived(4));
    EXPECT_EQ(o.position(), 4);
    EXPECT_FALSE(o.arrived(5));
    o.taken_away();
    EXPECT_TRUE(o.arrived(100));
    EXPECT_EQ(o.position(), 100);
}

TEST(kafka_offsets, a_topic_that_begins_again_is_read_again) {
    kafka_offsets o;
    for (const int offset : {100, 101}) o.arrived(offset);
    EXPECT_TRUE(o.arrived(0));
    EXPECT_EQ(o.open(), 1U);
    o.settled(101);
    EXPECT_EQ(o.position(), 0);
    o.settled(0);
    EXPECT_EQ(o.position(), 1);
}

TEST(kafka_offsets, what_is_settled_above_the_position_is_told_and_restored) {
    kafka_offsets o;
    for (int offset = 10; offset < 20; ++offset) o.arrived(offset);
    EXPECT_EQ(o.settled_above(), "");
    for (const int offset : {11, 12, 13, 15}) o.settled(offset);
    EXPECT_EQ(o.position(), 10);
    EXPECT_EQ(o.settled_above(), "1-3,5");
    kafka_offsets later;
    later.restore(o.position(), o.settled_above());
    EXPECT_EQ(later.position(), -1);
    for (int offset = 10; offset < 20; ++offset)
        EXPECT_EQ(later.arrived(offset), offset < 11 || offset == 14 || offset > 15) << offset;
    later.settled(10);
    EXPECT_EQ(later.position(), 14);
    EXPECT_EQ(later.settled_above(), "1");
}

TEST(kafka_offsets, a_text_of_somebody_else_says_nothing) {
    for (const char* text : {"", "x", "1-", "5-2", "-1", "1,,2", "99999999999999999999", "1-99999999999"}) {
        kafka_offsets o;
        o.restore(5, text);
        EXPECT_TRUE(o.arrived(5)) << text;
        EXPECT_TRUE(o.arrived(7)) << text;
    }
}

TEST(kafka_offsets, what_finds_no_room_in_the_text_comes_again) {
    kafka_offsets o;
    for (int offset = 0; offset < 10'000; ++offset) o.arrived(offset);
    for (int offset = 1; offset < 10'000; offset += 2) o.settled(offset);
    const std::string text = o.settled_above();
    EXPECT_GT(text.size(), 3'000U);
    EXPECT_LE(text.size(), 4'096U);
    EXPECT_NE(text.back(), ',');
}

TEST(kafka_offsets, a_topic_that_was_made_again_is_not_what_was_committed) {
    kafka_offsets o;
    o.restore(500, "1-3");
    for (int offset = 0; offset < 5; ++offset) EXPECT_TRUE(o.arrived(offset));
    EXPECT_EQ(o.position(), 0);
}

}  // namespace
}  // namespace freshet
