#include "queue/line/queue_line.hpp"

#include <freshet/config.hpp>
#include <freshet/error.hpp>
#include <freshet/message.hpp>
#include <freshet/time.hpp>

#include "queue/operations.hpp"
#include "support/manual_clock.hpp"
#include "support/memory_source.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace freshet::test {
namespace {

using entry = queue_line::entry;
constexpr auto no_mark = std::numeric_limits<std::uint64_t>::max();  ///< all may be handed out
constexpr milliseconds lease{60'000};

class line : public testing::Test {
protected:
    explicit line(queue_options options = {.max_attempts = 3, .ack_timeout = lease}) : of(source, "thumbs", options) {
        set_mark(no_mark);
    }

    void set_mark(std::uint64_t mark) {
        queue_row row;
        row.mark = mark;
        of.row_written(row);
    }
    std::uint64_t put(message m) {
        const std::uint64_t number = of.take_number();
        of.add(queue_line::size_of(m));
        source.put(number, m);
        of.admit(number, m);
        return number;
    }
    std::uint64_t put(std::string body, std::string key = {}) {
        message m;
        m.body = std::move(body);
        m.key = std::move(key);
        return put(std::move(m));
    }
    /// The next one's body, with its attempt if that is not the first, and * if it may have been handed out before.
    std::string take() {
        delivery d;
        if (of.take(d, false, clock.now()) == nullptr) return "none";
        numbers[d.message.body] = d.number;
        std::string words = d.message.body;
        if (d.message.attempt != 1) words += " " + std::to_string(d.message.attempt);
        return words + (d.redelivered ? "*" : "");
    }
    std::string take_all() {
        std::string all;
        for (std::string one = take(); one != "none"; one = take()) all += (all.empty() ? "" : ", ") + one;
        return all;
    }
    entry& open(const std::string& body) { return *of.open(numbers.at(body)); }
    void ack(const std::string& body) {
        entry& e = open(body);
        of.leave(e, true);
        source.erase(e.number);
        of.gone(e);
    }
    void retry(const std::string& body, milliseconds delay = milliseconds(0)) {
        entry& e = open(body);
        of.count_attempt(e);
        of.leave(e, false);
        of.postpone(e, delay, clock.now());
    }
    std::string pass(milliseconds time) {
        clock.pass(time);
        std::string expired;
        of.tick(clock.now(), [&](entry& e) { expired += source.read_one(0, e.number)->message.body; });
        return expired;
    }
    /// The reasons of those that take() found too old; they are gone.
    std::string bury() {
        std::string reasons;
        for (const auto& [e, reason] : of.take_exhausted()) {
            reasons += (reasons.empty() ? "" : ", ") + std::string(reason);
            of.gone(*e);
            of.exhausted_over();
        }
        return reasons;
    }
    /// All that `which` names and that nobody works on is forgotten; the bodies that were told, in their order.
    template <class Which>
    std::string forget(Which which) {
        std::map<std::uint64_t, std::string> told;
        of.forget(
            clock.now(), [&](std::uint64_t number) { return which(source.read_one(0, number)->message.body); },
            [&](const entry* e, std::uint64_t number, wall::time_point due) {
                std::string& words = told[number] = source.read_one(0, number)->message.body;
                if (e != nullptr && e->used != 0) words += " " + std::to_string(e->used);
                if (e == nullptr) words += " not passed";
                if (due != wall::time_point{}) words += " waiting";
            });
        std::string all;
        for (const auto& [number, words] : told) all += (all.empty() ? "" : ", ") + words;
        return all;
    }
    static bool any(const std::string&) { return true; }

    manual_clock clock;
    memory_source source;
    queue_line of;
    std::map<std::string, std::uint64_t> numbers;
};

// ---- order

class plain_line : public line {
protected:
    plain_line() : line({.max_attempts = 0, .ack_timeout = lease, .plain = true}) {}
};

TEST_F(plain_line, all_is_handed_out_as_it_came_whatever_its_key_and_its_times) {
    message m;
    m.body = "late";
    m.key = "k";
    m.not_before = clock.now().date + seconds(60);
    m.time = clock.now().date;
    put(m);
    m.body = "old";
    m.not_before = {};
    m.expires = clock.now().date - seconds(60);
    put(m);
    put("c", "k");
    EXPECT_EQ(take(), "late");
    EXPECT_EQ(of.oldest(), m.time);
    EXPECT_EQ(take(), "old");
    EXPECT_EQ(take(), "c");
    EXPECT_FALSE(of.expire(numbers["old"]));
}

TEST_F(line, messages_are_handed_out_in_the_order_in_which_they_came) {
    for (const char* body : {"a", "b", "c"}) put(body);
    EXPECT_EQ(take_all(), "a, b, c");
    EXPECT_EQ(of.length(), 3U);
    EXPECT_EQ(of.ready(), 0U);
}

TEST_F(line, of_one_key_one_at_a_time_is_handed_out_and_others_pass_by) {
    put("a1", "a"), put("a2", "a"), put("b1", "b"), put("a3", "a"), put("x");
    EXPECT_EQ(take_all(), "a1, b1, x");
    ack("a1");
    EXPECT_EQ(take_all(), "a2");
    ack("a2");
    EXPECT_EQ(take_all(), "a3");
}

TEST_F(line, a_key_is_held_up_while_its_first_waits_to_be_tried_again) {
    put("a1", "a"), put("a2", "a");
    take();
    retry("a1", seconds(10));
    EXPECT_EQ(take_all(), "");
    pass(seconds(10));
    EXPECT_EQ(take_all(), "a1 2*");
    ack("a1");
    EXPECT_EQ(take_all(), "a2");
}

TEST_F(line, what_waited_behind_one_of_its_key_may_have_to_wait_for_its_own_time) {
    put("a1", "a");
    message m;
    m.body = "a2", m.key = "a", m.not_before = clock.now().date + seconds(5);
    put(std::move(m));
    EXPECT_EQ(take_all(), "a1");
    ack("a1");
    EXPECT_EQ(take_all(), "");
    pass(seconds(5));
    EXPECT_EQ(take_all(), "a2");
}

TEST_F(line, what_is_tried_again_at_once_is_ahead_in_its_old_place) {
    put("a"), put("b"), put("c");
    take(), take();
    retry("a");
    EXPECT_EQ(take_all(), "a 2*, c");
}

class ordered_line : public line {
protected:
    ordered_line() : line({.max_attempts = 3, .ack_timeout = lease, .ordered = true}) {}
};

TEST_F(ordered_line, the_next_waits_until_the_one_before_is_gone) {
    put("a"), put("b");
    EXPECT_EQ(take_all(), "a");
    retry("a", seconds(10));
    EXPECT_EQ(take_all(), "");
    pass(seconds(10));
    EXPECT_EQ(take_all(), "a 2*");
    ack("a");
    EXPECT_EQ(take_all(), "b");
}

TEST_F(ordered_line, who_waits_behind_a_dead_letter_of_its_key_is_not_passed_by) {
    message old;
    old.body = "a1", old.key = "a", old.expires = clock.now().date;
    put(std::move(old));
    put("a2", "a"), put("b");
    EXPECT_EQ(take_all(), "");
    EXPECT_EQ(bury(), "expired");
    EXPECT_EQ(take_all(), "a2");
    ack("a2");
    EXPECT_EQ(take_all(), "b");
}

TEST_F(ordered_line, nor_is_who_waits_behind_a_later_one_that_made_room) {
    const auto put_unread = [this](std::string body, std::string key, wall::time_point expires) {
        message m;
        m.body = std::move(body), m.key = std::move(key), m.expires = expires;
        const std::uint64_t number = of.take_number();
        of.add(queue_line::size_of(m));
        source.put(number, m);
        of.admit_unseen(number);
        return number;
    };
    put_unread("a1", "a", {}), put_unread("b", "b", {});
    const std::uint64_t old = put_unread("a2", "a", clock.now().date);
    ASSERT_TRUE(of.expire(old));
    of.take_exhausted();
    of.exhausted_over();
    of.postpone(*of.leaving(old), milliseconds(0), clock.now());  // that could not be written
    EXPECT_EQ(take_all(), "");
    EXPECT_EQ(bury(), "expired");
    EXPECT_EQ(take_all(), "a1");
    ack("a1");
    EXPECT_EQ(take_all(), "b");
}

// ---- leases and pauses

TEST_F(line, a_lease_that_ran_out_uses_up_an_attempt_and_puts_it_back_in_its_place) {
    put("a"), put("b");
    take();
    EXPECT_EQ(pass(lease - milliseconds(1)), "");
    EXPECT_EQ(pass(milliseconds(1)), "a");
    EXPECT_EQ(take_all(), "a 2*, b");
}

TEST_F(line, a_lease_that_is_renewed_begins_anew) {
    put("a"), put("b");
    take(), take();
    pass(lease / 2);
    of.renew(open("a"), clock.now());
    EXPECT_EQ(pass(lease / 2), "b");
    EXPECT_EQ(pass(lease / 2), "a");
}

TEST_F(line, what_ran_out_can_still_be_settled_until_somebody_else_has_it) {
    put("a");
    take();
    pass(lease);
    ack("a");
    EXPECT_EQ(take_all(), "");
    EXPECT_EQ(of.length(), 0U);
}

TEST_F(line, what_was_settled_or_never_handed_out_is_not_open) {
    const std::uint64_t a = put("a"), b = put("b");
    take();
    ack("a");
    EXPECT_EQ(of.open(a), nullptr);
    EXPECT_EQ(of.open(b), nullptr);
    EXPECT_EQ(of.open(99), nullptr);
    EXPECT_TRUE(of.is_gone(a));
    EXPECT_FALSE(of.is_gone(b));
}

TEST_F(line, an_attempt_is_counted_once_for_each_delivery) {
    put("a");
    take();
    of.count_attempt(open("a"));
    of.count_attempt(open("a"));
    EXPECT_EQ(open("a").used, 1U);
}

TEST_F(line, a_message_waits_for_its_time) {
    message m;
    m.body = "later", m.not_before = clock.now().date + seconds(3);
    put(std::move(m));
    put("now");
    EXPECT_EQ(take_all(), "now");
    EXPECT_EQ(of.next_tick(clock.now()), clock.now().since_start + seconds(3));
    pass(seconds(3));
    EXPECT_EQ(take_all(), "later");
}

TEST_F(line, the_next_tick_is_the_first_lease_or_pause_that_ends) {
    EXPECT_EQ(of.next_tick(clock.now()), steady::time_point::max());
    put("a"), put("b");
    take(), take();
    const auto start = clock.now().since_start;
    EXPECT_EQ(of.next_tick(clock.now()), start + lease);
    retry("b", seconds(5));
    EXPECT_EQ(of.next_tick(clock.now()), start + seconds(5));
}

TEST_F(line, a_settlement_that_failed_leaves_it_with_whoever_has_it) {
    put("a");
    take();
    entry& e = open("a");
    of.leave(e, true);
    EXPECT_EQ(of.length(), 0U);
    EXPECT_EQ(of.leaving(e.number), &e);
    of.stay(e, clock.now());
    EXPECT_EQ(of.length(), 1U);
    EXPECT_EQ(of.leaving(e.number), nullptr);
    EXPECT_EQ(&open("a"), &e);
    EXPECT_EQ(pass(lease), "a");
}

TEST_F(line, a_delivery_is_known_by_its_attempt_as_long_as_somebody_has_it) {
    const std::uint64_t a = put("a");
    take();
    entry& e = open("a");
    of.count_attempt(e);
    of.leave(e, false);
    of.stay(e, clock.now());
    EXPECT_EQ(of.open(a, 1), &e) << "to try it again has failed";
    pass(lease);
    EXPECT_EQ(of.open(a, 1), nullptr);
    of.renew(e, clock.now());
    EXPECT_EQ(of.open(a, 1), &e) << "its lease had run out, and nobody else has got it";
    EXPECT_EQ(of.open(a, 2), nullptr);
}

TEST_F(line, one_that_nobody_has_is_given_back_to_its_place) {
    put("a"), put("b");
    take();
    entry& e = open("a");
    of.leave(e, true);
    of.give_back(e);
    EXPECT_EQ(of.open(e.number), nullptr);
    EXPECT_EQ(take_all(), "a*, b");
}

// ---- the end of a message

TEST_F(line, with_its_attempts_used_up_it_is_taken_out_and_its_key_goes_on) {
    put("a1", "a"), put("a2", "a");
    for (int i = 0; i < 3; ++i) {
        take();
        retry("a1");
    }
    EXPECT_EQ(take(), "none");
    EXPECT_TRUE(of.stalled());
    EXPECT_EQ(bury(), "attempts used up");
    EXPECT_FALSE(of.stalled());
    EXPECT_EQ(take_all(), "a2");
}

TEST_F(line, who_asks_for_exhausted_ones_gets_them) {
    message m;
    m.body = "a", m.attempt = 3;
    put(std::move(m));
    delivery d;
    ASSERT_NE(of.take(d, true, clock.now()), nullptr);
    EXPECT_EQ(d.message.attempt, 4U);
}

TEST_F(line, what_has_expired_is_taken_out_when_its_turn_comes) {
    message m;
    m.body = "old", m.expires = clock.now().date;
    put(std::move(m));
    put("young");
    EXPECT_EQ(take_all(), "young");
    EXPECT_EQ(bury(), "expired");
    EXPECT_EQ(of.length(), 1U);
}

TEST_F(line, what_could_not_be_made_a_dead_letter_is_tried_again_later) {
    message m;
    m.body = "old", m.expires = clock.now().date;
    put(std::move(m));
    take();
    auto exhausted = of.take_exhausted();
    ASSERT_EQ(exhausted.size(), 1U);
    of.exhausted_over();
    of.postpone(*exhausted.front().first, seconds(1), clock.now());
    EXPECT_EQ(of.length(), 1U);
    EXPECT_EQ(take(), "none");
    pass(seconds(1));
    EXPECT_EQ(take(), "none");
    EXPECT_EQ(bury(), "expired");
}

// ---- room, and reading ahead

class short_line : public line {
protected:
    short_line() : line({.length_max = 2, .bytes_max = 10}) {}
};

TEST_F(short_line, there_is_room_up_to_the_limits) {
    EXPECT_EQ(of.reserve(11), errc::queue_bytes_full);
    EXPECT_EQ(of.reserve(6), std::nullopt);
    EXPECT_EQ(of.reserve(5), errc::queue_bytes_full);
    EXPECT_EQ(of.reserve(4), std::nullopt);
    EXPECT_EQ(of.reserve(0), errc::queue_full);
    of.subtract(6);
    EXPECT_EQ(of.reserve(6), std::nullopt);
}

TEST_F(line, nothing_behind_the_mark_is_handed_out_until_it_is_moved) {
    set_mark(0);
    put("a"), put("b");
    EXPECT_EQ(take(), "none");
    EXPECT_TRUE(of.mark_wanted());
    EXPECT_TRUE(of.stalled());
    set_mark(1);
    EXPECT_FALSE(of.mark_wanted());
    EXPECT_EQ(take_all(), "a");
    const queue_row row = of.row_to_write(0);
    EXPECT_GE(row.mark, 2U);
    of.row_written(row);
    EXPECT_EQ(take_all(), "b");
}

TEST_F(line, the_mark_runs_farther_ahead_while_all_below_it_is_wanted) {
    set_mark(0);
    for (int i = 0; i < 10'000; ++i) put("x");
    std::vector<int> handed_out;
    for (int i = 0; i < 6; ++i) {
        of.row_written(of.row_to_write(0));
        int count = 0;
        while (take() != "none") ++count;
        handed_out.push_back(count);
    }
    EXPECT_EQ(handed_out, (std::vector<int>{16, 64, 256, 1'024, 4'096, 4'096}));
}

TEST_F(line, who_waits_for_many_moves_the_mark_as_far) {
    set_mark(0);
    EXPECT_EQ(of.row_to_write(1'000).mark, 1'000U);
    EXPECT_EQ(of.row_to_write(1'000'000).mark, 4'096U);
}

TEST_F(line, what_was_not_seen_is_read_when_its_turn_comes) {
    put("a");
    message m;
    m.body = "b";
    const std::uint64_t number = of.take_number();
    source.put(number, m);
    of.add(queue_line::size_of(m));
    of.admit_unseen(number);
    put("c");
    EXPECT_EQ(source.reads, 0);
    EXPECT_EQ(take_all(), "a, b, c");
    EXPECT_EQ(source.reads, 1);
}

TEST_F(line, more_than_is_read_ahead_comes_in_order_all_the_same) {
    constexpr int count = 5'000;  // the window has 4,096
    for (int i = 0; i < count; ++i) put(std::to_string(i));
    int right = 0;
    for (int i = 0; i < count; ++i) right += take() == std::to_string(i);
    EXPECT_EQ(right, count);
    EXPECT_GT(source.reads, 0);
}

TEST_F(line, a_source_that_fails_hands_out_nothing) {
    const std::uint64_t number = of.take_number();
    of.admit_unseen(number);
    source.failing = true;
    EXPECT_EQ(take(), "none");
}

TEST_F(line, a_message_that_is_missing_is_damage) {
    put("a");
    take();
    source.erase(numbers["a"]);
    retry("a");
    EXPECT_EQ(take(), "none");
    EXPECT_TRUE(source.failing);
}

// ---- after a restart

class restored_line : public line {
protected:
    restored_line() {
        for (std::uint64_t number = 1; number <= 4; ++number) {
            message m;
            m.body = "m" + std::to_string(number);
            source.put(number, m, number == 4);
        }
        queue_row row;
        row.mark = 2;
        row.length = 4;
        row.bytes = 8;
        row.next = 5;
        of.restore(row, 4);
        row.mark = no_mark;
        of.row_written(row);
    }
};

TEST_F(restored_line, what_may_have_been_handed_out_before_is_redelivered) {
    EXPECT_EQ(take_all(), "m1*, m2*, m3, m4*");
    EXPECT_EQ(of.take_number(), 5U);
}

TEST_F(restored_line, what_was_handed_out_before_can_be_settled) {
    ASSERT_NE(of.open(2), nullptr);
    ASSERT_NE(of.open(4), nullptr);
    EXPECT_EQ(of.open(3), nullptr);
    entry& e = *of.open(2);
    of.leave(e, true);
    source.erase(2);
    of.gone(e);
    EXPECT_EQ(take_all(), "m1*, m3, m4*");
    EXPECT_EQ(of.length(), 3U);
}

TEST_F(restored_line, the_last_row_and_the_numbers_say_what_was_handed_out) {
    take(), take(), take();
    EXPECT_EQ(of.last_row().mark, 2U);
    EXPECT_EQ(of.handed_numbers(), (std::vector<std::uint64_t>{3}));
}

TEST_F(restored_line, what_was_passed_ahead_of_its_turn_is_forgotten_once) {
    ASSERT_NE(of.open(2), nullptr);
    EXPECT_EQ(forget(any), "m1 not passed, m2, m3 not passed, m4 not passed");
    EXPECT_EQ(of.length(), 0U);
    EXPECT_EQ(take_all(), "");
}

// ---- what is forgotten

TEST_F(line, what_nobody_works_on_is_forgotten_and_what_is_leased_stays) {
    put("leased"), put("tried"), put("waits"), put("behind");
    take(), take(), take();
    retry("tried");
    retry("waits", seconds(5));
    EXPECT_EQ(forget(any), "tried 1, waits 1 waiting, behind not passed");
    EXPECT_EQ(of.length(), 1U);
    EXPECT_EQ(take_all(), "");
    pass(seconds(5));
    EXPECT_EQ(take_all(), "");
    ack("leased");
    EXPECT_FALSE(of.any_passed());
    EXPECT_EQ(of.length(), 0U);
}

TEST_F(line, of_a_key_those_that_are_left_stand_in_line_again) {
    put("a1", "a"), put("a2", "a"), put("a3", "a"), put("a4", "a");
    EXPECT_EQ(take_all(), "a1");
    EXPECT_EQ(forget([](const std::string& body) { return body == "a2" || body == "a4"; }), "a2, a4");
    EXPECT_EQ(take_all(), "");
    ack("a1");
    EXPECT_EQ(take_all(), "a3");
    ack("a3");
    put("a5", "a");
    EXPECT_EQ(take_all(), "a5");
}

TEST_F(line, when_the_first_of_a_key_is_forgotten_the_next_is_ready) {
    put("a1", "a"), put("a2", "a"), put("a3", "a");
    take_all();
    retry("a1", seconds(5));
    EXPECT_EQ(forget([](const std::string& body) { return body == "a1"; }), "a1 1 waiting");
    EXPECT_EQ(take_all(), "a2");
    ack("a2");
    EXPECT_EQ(take_all(), "a3");
}

TEST_F(line, what_waits_and_is_not_forgotten_goes_on_waiting) {
    put("a"), put("b");
    take(), take();
    retry("a", seconds(5)), retry("b", seconds(7));
    EXPECT_EQ(forget([](const std::string& body) { return body == "a"; }), "a 1 waiting");
    pass(seconds(5));
    EXPECT_EQ(take_all(), "");
    pass(seconds(2));
    EXPECT_EQ(take_all(), "b 2*");
}

TEST_F(line, a_key_that_is_forgotten_as_a_whole_holds_nobody_up) {
    put("a1", "a"), put("a2", "a");
    take();
    retry("a1");
    forget(any);
    put("a3", "a");
    EXPECT_EQ(take_all(), "a3");
    EXPECT_EQ(of.ready(), 0U);
}

}  // namespace
}  // namespace freshet::test
