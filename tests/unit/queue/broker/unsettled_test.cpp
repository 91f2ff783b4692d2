#include "queue/broker/unsettled.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <limits>
#include <string>
#include <utility>

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

acquaintance meet(unsettled_messages& all, std::string body, std::uint64_t serial, delivery_tag tag,
                  unsigned sending = 1) {
    arrival a = one(std::move(body), serial, tag);
    a.sending = sending;
    return all.meet(a);
}

TEST(unsettled_messages, a_message_is_found_by_its_number) {
    unsettled_messages all;
    all.put(7, one("a", 70, 1));
    ASSERT_NE(all.find(7), nullptr);
    EXPECT_EQ(all.find(7)->stored.message.body, "a");
    all.erase(*all.find(7));
    EXPECT_EQ(all.find(7), nullptr);
    EXPECT_EQ(meet(all, "a", 70, 1), acquaintance::none);
}

TEST(unsettled_messages, those_without_a_serial_are_not_confused) {
    unsettled_messages all;
    all.put(1, one("a", 0, 1));
    all.put(2, one("a", 0, 2));
    EXPECT_EQ(meet(all, "a", 0, 1), acquaintance::none);
    all.erase(*all.find(1));
    EXPECT_NE(all.find(2), nullptr);
}

TEST(unsettled_messages, tags_mean_nothing_once_the_broker_has_them_all_back) {
    unsettled_messages all;
    all.put(1, one("a", 70, 1));
    all.put(2, one("b", 71, 2));
    EXPECT_FALSE(all.any_untagged());
    all.untag_all();
    EXPECT_TRUE(all.any_untagged());
    EXPECT_EQ(all.find(1)->tag, 0U);
    EXPECT_EQ(meet(all, "a", 70, 5), acquaintance::same);
    EXPECT_EQ(all.find(1)->tag, 5U);
    EXPECT_TRUE(all.any_untagged());
    all.erase(*all.find(2));
    EXPECT_FALSE(all.any_untagged());
}

TEST(unsettled_messages, each_sending_is_known_once) {
    unsettled_messages all;
    all.put(1, one("a", 70, 1));
    EXPECT_EQ(meet(all, "a", 70, 2, 2), acquaintance::surplus);
    EXPECT_EQ(meet(all, "a", 70, 3, 2), acquaintance::none);  // somebody has copied it
    EXPECT_EQ(meet(all, "a", 70, 4, 1'000), acquaintance::surplus);
    EXPECT_EQ(meet(all, "a", 70, 5, 1'001), acquaintance::none);  // so often nothing is sent
    EXPECT_EQ(meet(all, "b", 70, 6, 3), acquaintance::none);
    all.untag_all();
    EXPECT_EQ(meet(all, "a", 70, 1, 2), acquaintance::surplus);  // its acknowledgement was not heard
    EXPECT_EQ(meet(all, "a", 70, 2), acquaintance::same);
}

TEST(unsettled_messages, a_copy_has_no_serial_of_its_own) {
    unsettled_messages all;
    all.put(1, one("a", 70, 1));
    arrival copy = one("a", 70, 2);
    EXPECT_EQ(all.meet(copy), acquaintance::none);
    EXPECT_EQ(copy.serial, 0U);
    EXPECT_EQ(meet(all, "a", 70, 1), acquaintance::same);
}

TEST(unsettled_messages, a_sending_that_comes_late_is_known_once_more) {
    unsettled_messages all;
    all.put(1, one("a", 70, 1));
    all.settled(*all.find(1));
    all.erase(*all.find(1));
    EXPECT_EQ(meet(all, "a", 70, 2), acquaintance::none);  // the first sending is not sent again: a copy
    EXPECT_EQ(meet(all, "a", 70, 2, 2), acquaintance::surplus);
    EXPECT_EQ(meet(all, "a", 70, 3, 2), acquaintance::none);
}

TEST(unsettled_messages, each_sending_that_comes_late_is_known_and_a_copy_of_what_came_is_not) {
    unsettled_messages all;
    EXPECT_EQ(meet(all, "a", 70, 1, 2), acquaintance::none);  // the first sending never came
    arrival second = one("a", 70, 1);
    second.sending = 2;
    all.put(1, std::move(second));
    all.settled(*all.find(1));
    all.erase(*all.find(1));
    EXPECT_EQ(meet(all, "a", 70, 2, 2), acquaintance::none) << "somebody's copy";
    EXPECT_EQ(meet(all, "b", 70, 3, 3), acquaintance::none) << "with another body";
    EXPECT_EQ(meet(all, "a", 70, 4, 3), acquaintance::surplus);
    EXPECT_EQ(meet(all, "a", 70, 5, 3), acquaintance::none);
    EXPECT_EQ(meet(all, "a", 70, 6, 4), acquaintance::surplus);
}

/// An arrival of "a", with what was remembered of it.
arrival met(unsettled_messages& all, std::uint64_t serial, acquaintance as) {
    arrival a = one("a", serial, 9);
    EXPECT_EQ(all.meet(a), as);
    return a;
}

/// Something is remembered of "a".
void remember(unsettled_messages& all, std::uint64_t serial, const memo& m) {
    const auto& put = all.put(1, one("a", serial, 1));
    all.remember(put, m);
    all.erase(put);
}

TEST(unsettled_messages, what_is_remembered_of_a_message_is_recalled_once) {
    unsettled_messages all;
    const wall::time_point later{std::chrono::hours(1)};
    remember(all, 70, {.settled = false, .attempts = 2, .not_before = later});
    EXPECT_EQ(meet(all, "another", 70, 1), acquaintance::none);  // whose serial somebody has copied
    const arrival again = met(all, 70, acquaintance::none);
    EXPECT_EQ(again.message.attempt, 2U);
    EXPECT_EQ(again.message.not_before, later);
    EXPECT_EQ(met(all, 70, acquaintance::none).message.attempt, 0U);
}

TEST(unsettled_messages, the_last_word_on_a_message_counts) {
    unsettled_messages all;
    remember(all, 70, {.attempts = 1});
    remember(all, 70, {.settled = true});
    met(all, 70, acquaintance::surplus);
    met(all, 70, acquaintance::none);
}

TEST(unsettled_messages, one_that_was_put_aside_stays_so) {
    unsettled_messages all;
    remember(all, 70, {.aside = true});
    met(all, 70, acquaintance::same);
    met(all, 70, acquaintance::same);
}

TEST(unsettled_messages, nothing_is_remembered_of_what_cannot_be_known_again) {
    unsettled_messages all;
    remember(all, 0, {.settled = true});
    met(all, 0, acquaintance::none);
}

TEST(unsettled_messages, of_too_many_the_oldest_are_forgotten) {
    unsettled_messages all;
    constexpr std::uint64_t more = 100'002;
    for (std::uint64_t serial = 1; serial <= more; ++serial) remember(all, serial, {.settled = true});
    met(all, 1, acquaintance::none);
    met(all, 2, acquaintance::none);
    met(all, 3, acquaintance::surplus);
    met(all, more, acquaintance::surplus);
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
