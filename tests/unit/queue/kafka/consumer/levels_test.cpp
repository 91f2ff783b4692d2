#include "queue/kafka/consumer/levels.hpp"

#include <gtest/gtest.h>

namespace freshet {
namespace {

class levels : public testing::Test {
protected:
    bool is_level(bool holding = false) const { return of.is_level(came, holding); }

    kafka_levels of;
    kafka_levels::all_offsets came;
};

TEST_F(levels, it_is_level_once_each_partition_was_read_to_its_end) {
    of.given({0, 1});
    of.read_to_end(0, 5);
    EXPECT_FALSE(is_level());
    of.read_to_end(1, 0);
    EXPECT_TRUE(is_level());
}

TEST_F(levels, what_has_come_behind_an_end_makes_it_an_old_one) {
    of.given({0});
    of.read_to_end(0, 5);
    came[0].arrived(4);
    EXPECT_TRUE(is_level());
    came[0].arrived(5);
    EXPECT_FALSE(is_level());
    of.read_to_end(0, 6);
    EXPECT_TRUE(is_level());
}

TEST_F(levels, so_does_what_was_published_here) {
    of.given({0, 1});
    of.read_to_end(0, 5);
    of.read_to_end(1, 0);
    of.published(0, 5);
    of.published(0, 3);
    of.published(7, 100);  // somebody else's partition
    EXPECT_FALSE(is_level());
    of.read_to_end(0, 6);
    EXPECT_TRUE(is_level());
}

TEST_F(levels, while_no_more_are_taken_in_it_is_level) {
    of.given({0});
    EXPECT_FALSE(is_level());
    EXPECT_TRUE(is_level(true));
}

TEST_F(levels, nothing_is_known_without_partitions_also_while_no_more_are_taken_in) {
    EXPECT_FALSE(is_level(true));
    of.given({0});
    of.read_to_end(0, 0);
    of.taken();
    EXPECT_FALSE(is_level());
    EXPECT_FALSE(is_level(true));
}

TEST_F(levels, a_rebalance_forgets_the_ends) {
    of.given({0});
    of.read_to_end(0, 5);
    of.taken();
    of.given({0});
    EXPECT_FALSE(is_level());
}

TEST_F(levels, a_member_that_was_given_none_at_all_is_level) {
    of.given({});
    EXPECT_TRUE(is_level());
}

TEST_F(levels, a_question_is_answered_once_and_when_it_can_be) {
    of.given({0});
    EXPECT_FALSE(of.take_answer(came, false));
    of.ask();
    EXPECT_FALSE(of.take_answer(came, false));
    of.read_to_end(0, 0);
    EXPECT_TRUE(of.take_answer(came, false));
    EXPECT_FALSE(of.take_answer(came, false));
}

TEST_F(levels, a_question_outlives_a_rebalance) {
    of.given({0});
    of.ask();
    of.taken();
    EXPECT_FALSE(of.take_answer(came, true));
    of.given({1});
    of.read_to_end(1, 9);
    EXPECT_TRUE(of.take_answer(came, false));
}

}  // namespace
}  // namespace freshet
