#include "queue/broker/unsettled.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <limits>
#include <string>

namespace freshet {
namespace {

constexpr auto no_limit = std::numeric_limits<std::size_t>::max();

arrival one(std::string body, std::uint64_t serial, delivery_tag tag) {
    arrival a;
    a.message.body = std::move(body);
    a.serial = serial;
    a.tag = tag;
    return a;
}

/// The numbers that are read behind `after`.
std::string numbers(unsettled_messages& of, std::uint64_t after, std::uint64_t upto, std::size_t rows = no_limit,
                    std::size_t bytes = no_limit) {
    std::deque<stored_message> found;
    of.read(0, after, upto, rows, bytes, found);
    std::string all;
    for (const stored_message& s : found) all += (all.empty() ? "" : " ") + std::to_string(s.number);
    return all;
}

TEST(unsettled_messages, a_message_is_found_by_its_number_and_by_its_serial) {
    unsettled_messages all;
    all.put(7, one("a", 70, 1));
    ASSERT_NE(all.find(7), nullptr);
    EXPECT_EQ(all.find(7)->stored.message.body, "a");
    EXPECT_EQ(all.find_serial(70), 7U);
    all.erase(*all.find(7));
    EXPECT_EQ(all.find(7), nullptr);
    EXPECT_EQ(all.find_serial(70), 0U);
}

TEST(unsettled_messages, those_without_a_serial_are_not_confused) {
    unsettled_messages all;
    all.put(1, one("a", 0, 1));
    all.put(2, one("b", 0, 2));
    EXPECT_EQ(all.find_serial(0), 0U);
    all.erase(*all.find(1));
    EXPECT_NE(all.find(2), nullptr);
}

TEST(unsettled_messages, a_serial_that_is_a_later_message_s_stays_its_own) {
    unsettled_messages all;
    all.put(1, one("a", 70, 1));
    all.put(2, one("b", 70, 2));
    all.erase(*all.find(1));
    EXPECT_EQ(all.find_serial(70), 2U);
}

TEST(unsettled_messages, tags_mean_nothing_once_the_broker_has_them_all_back) {
    unsettled_messages all;
    all.put(1, one("a", 70, 1));
    all.put(2, one("b", 71, 2));
    EXPECT_FALSE(all.any_untagged());
    all.untag_all();
    EXPECT_TRUE(all.any_untagged());
    EXPECT_EQ(all.find(1)->tag, 0U);
    all.tag(*all.find(1), 5);
    EXPECT_EQ(all.find(1)->tag, 5U);
    EXPECT_TRUE(all.any_untagged());
    all.erase(*all.find(2));
    EXPECT_FALSE(all.any_untagged());
}

TEST(unsettled_messages, what_is_remembered_of_a_message_is_recalled_once) {
    unsettled_messages all;
    const wall::time_point later{std::chrono::hours(1)};
    all.remember(70, {.settled = false, .attempts = 2, .not_before = later});
    const memo m = all.recall(70);
    EXPECT_FALSE(m.settled);
    EXPECT_EQ(m.attempts, 2U);
    EXPECT_EQ(m.not_before, later);
    EXPECT_EQ(all.recall(70).attempts, 0U);
    EXPECT_EQ(all.recall(70).not_before, wall::time_point{});
}

TEST(unsettled_messages, the_last_word_on_a_message_counts) {
    unsettled_messages all;
    all.remember(70, {.attempts = 1});
    all.remember(70, {.settled = true});
    EXPECT_TRUE(all.recall(70).settled);
}

TEST(unsettled_messages, nothing_is_remembered_of_what_cannot_be_known_again) {
    unsettled_messages all;
    all.remember(0, {.settled = true});
    EXPECT_FALSE(all.recall(0).settled);
}

TEST(unsettled_messages, of_too_many_the_oldest_are_forgotten) {
    unsettled_messages all;
    constexpr std::uint64_t more = 100'002;
    for (std::uint64_t serial = 1; serial <= more; ++serial) all.remember(serial, {.settled = true});
    EXPECT_FALSE(all.recall(1).settled);
    EXPECT_FALSE(all.recall(2).settled);
    EXPECT_TRUE(all.recall(3).settled);
    EXPECT_TRUE(all.recall(more).settled);
}

TEST(unsettled_messages, they_are_read_in_order_without_those_that_are_gone) {
    unsettled_messages all;
    for (std::uint64_t number = 1; number <= 5; ++number) all.put(number, one("12345", number, number));
    all.erase(*all.find(3));
    EXPECT_EQ(numbers(all, 0, 5), "1 2 4 5");
    EXPECT_EQ(numbers(all, 1, 4), "2 4");
    EXPECT_EQ(numbers(all, 0, 5, 2), "1 2");
    EXPECT_EQ(numbers(all, 0, 5, no_limit, 6), "1 2");
}

TEST(unsettled_messages, one_is_read_with_whether_it_was_handed_out_before) {
    unsettled_messages all;
    arrival a = one("a", 70, 1);
    a.redelivered = true;
    all.put(1, std::move(a));
    const auto found = all.read_one(0, 1);
    ASSERT_TRUE(found);
    EXPECT_TRUE(found->handed);
    EXPECT_FALSE(all.read_one(0, 2));
}

}  // namespace
}  // namespace freshet
