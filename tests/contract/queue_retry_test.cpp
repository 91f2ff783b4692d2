// Messages that are tried again, later, or too late.
#include <freshet/config.hpp>
#include <freshet/message.hpp>
#include <freshet/time.hpp>

#include "contract/queue_suite.hpp"
#include "protocol/reply.hpp"
#include "queue/operations.hpp"

#include <algorithm>

namespace freshet::test {

TEST_P(every_queue, a_retry_without_delay_comes_at_once) {
    queue_user q = open();
    q.publish("a");
    q.publish("b");
    EXPECT_EQ(q.retry(q.receive_one()), settled::done);
    const delivery again = q.receive_one();
    EXPECT_EQ(again.message.body, "a");
    EXPECT_EQ(again.message.attempt, 2U);
    EXPECT_TRUE(again.redelivered);
}

TEST_P(every_queue, a_retry_waits_for_its_delay) {
    queue_user q = open();
    for (const auto* body : {"a", "b", "c"}) q.publish(body);
    EXPECT_EQ(q.retry(q.receive_one(), seconds(5)), settled::done);
    EXPECT_EQ(q.of().ready(), 2U);
    EXPECT_EQ(q.receive_bodies(1), strings{"b"});
    pass(milliseconds(4'999));
    EXPECT_EQ(q.of().ready(), 1U);
    pass(milliseconds(1));
    strings bodies = q.receive_bodies();
    if (!house_->can(ability::old_places)) std::sort(bodies.begin(), bodies.end());
    EXPECT_EQ(bodies, (strings{"a", "c"}));
}

TEST_P(every_queue, a_pause_lasts_as_long_whoever_sets_the_clock) {
    NEEDS(old_places);
    queue_user q = open();
    q.publish("a");
    for (const milliseconds step : {milliseconds(std::chrono::hours(-1)), milliseconds(std::chrono::hours(24))}) {
        EXPECT_EQ(q.retry(q.receive_one(), seconds(3)), settled::done);
        house_->step(step);
        pass(milliseconds(2'999));
        EXPECT_TRUE(q.receive().empty());
        pass(milliseconds(1));
        q.release(q.receive_one());
    }
}

TEST_P(every_queue, a_date_that_the_clock_is_set_to_has_come) {
    queue_user q = open();
    message m = make("later");
    m.not_before = house_->date() + std::chrono::hours(2);
    EXPECT_EQ(q.publish(m).outcome, outcome::confirmed);
    EXPECT_TRUE(q.receive().empty());
    house_->step(std::chrono::hours(3));
    pass(seconds(1));
    EXPECT_EQ(q.receive_bodies(), strings{"later"});
}

TEST_P(every_queue, back_off_between_attempts_outlives_a_restart) {
    NEEDS(lasting_pauses);
    queue_user q = open();
    q.publish("a");
    for (const seconds delay : {seconds(1), seconds(2), seconds(4)}) {
        EXPECT_EQ(q.retry(q.receive_one(), delay), settled::done);
        house_->restart();
        q = open();
        pass(delay - milliseconds(1));
        EXPECT_TRUE(q.receive().empty());
        pass(milliseconds(1));
    }
    const delivery d = q.receive_one();
    EXPECT_EQ(d.message.attempt, 4U);
    EXPECT_EQ(d.redelivered, house_->can(ability::lasting_leases));
}

TEST_P(every_queue, a_message_is_not_handed_out_before_its_time) {
    queue_user q = open();
    message m = make("later");
    m.not_before = house_->date() + seconds(10);
    EXPECT_EQ(q.publish(m).outcome, outcome::confirmed);
    q.publish("now");
    EXPECT_EQ(q.receive_bodies(), strings{"now"});
    pass(milliseconds(9'999));
    EXPECT_TRUE(q.receive().empty());
    house_->restart();
    q = open();
    EXPECT_EQ(q.receive_bodies(), strings{"now"});
    pass(milliseconds(1));
    const delivery d = q.receive_one();
    EXPECT_EQ(d.message.body, "later");
    EXPECT_EQ(d.message.attempt, 1U);
    EXPECT_FALSE(d.redelivered);
}

TEST_P(every_queue, a_message_behind_one_of_its_key_is_not_handed_out_before_its_time) {
    queue_user q = open();
    q.publish(make("first", "cat"));
    message m = make("later", "cat");
    m.not_before = house_->date() + seconds(10);
    q.publish(m);
    q.publish(make("last", "cat"));
    const delivery first = q.receive_one();
    EXPECT_TRUE(q.receive().empty());
    EXPECT_EQ(q.ack(first), settled::done);
    EXPECT_TRUE(q.receive().empty());
    pass(seconds(10));
    const delivery later = q.receive_one();
    EXPECT_EQ(later.message.body, "later");
    q.ack(later);
    EXPECT_EQ(q.receive_bodies(), strings{"last"});
}

TEST_P(every_queue, a_message_that_expired_is_a_dead_letter) {
    NEEDS(letters);
    queue_user q = open();
    message m = make("milk", {}, "milk-1");
    m.expires = house_->date() + seconds(10);
    q.publish(m);
    q.publish(m);
    EXPECT_EQ(q.ack(q.receive_one()), settled::done);
    pass(seconds(10));
    EXPECT_TRUE(q.receive().empty());
    const auto letters = dead();
    ASSERT_EQ(letters.size(), 1U);
    EXPECT_EQ(letters[0].reason, "expired");
    EXPECT_EQ(letters[0].message.id, "milk-1");
    EXPECT_EQ(letters[0].message.attempt, 0U);
    EXPECT_EQ(letters[0].died, house_->date());
    EXPECT_EQ(q.of().length(), 0U);
}

TEST_P(every_queue, used_up_attempts_make_a_dead_letter) {
    NEEDS(letters);
    queue_options options;
    options.max_attempts = 2;
    queue_user q = open(options);
    q.publish("a");
    EXPECT_EQ(q.settle(action::retry, q.receive_one().number, {}, "HTTP 500"), settled::done);
    const delivery second = q.receive_one();
    EXPECT_EQ(second.message.attempt, 2U);
    EXPECT_EQ(q.settle(action::retry, second.number, seconds(1), "HTTP 503"), settled::done);
    pass(seconds(2));
    EXPECT_TRUE(q.receive().empty());
    const auto letters = dead("thumbs");
    ASSERT_EQ(letters.size(), 1U);
    EXPECT_EQ(letters[0].reason, "HTTP 503");
    EXPECT_EQ(letters[0].message.attempt, 2U);
}

TEST_P(every_queue, leases_that_run_out_use_attempts_up_too) {
    NEEDS(lasting_leases);
    queue_options options;
    options.max_attempts = 2;
    queue_user q = open(options);
    q.publish("a");
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(q.receive(1).size(), 1U);
        pass(options.ack_timeout);
        house_->restart();
        q = open(options);
    }
    EXPECT_TRUE(q.receive().empty());
    const auto letters = dead();
    ASSERT_EQ(letters.size(), 1U);
    EXPECT_EQ(letters[0].reason, "attempts used up");
}

TEST_P(every_queue, who_asks_for_exhausted_ones_gets_them) {
    NEEDS(letters);
    queue_options options;
    options.max_attempts = 1;
    queue_user q = open(options);
    q.publish("a");
    q.receive_one();
    pass(options.ack_timeout);
    const auto taken = q.receive(1, milliseconds(0), false, true);
    ASSERT_EQ(taken.size(), 1U);
    EXPECT_EQ(taken[0].message.attempt, 2U);
    EXPECT_EQ(q.settle(action::dead, taken[0].number, {}, "no luck"), settled::done);
    EXPECT_EQ(dead().at(0).reason, "no luck");
}

TEST_P(every_queue, without_a_limit_a_message_is_tried_for_ever) {
    queue_options options;
    options.max_attempts = 0;
    queue_user q = open(options);
    q.publish("a");
    for (unsigned i = 1; i <= 50; ++i) {
        const delivery d = q.receive_one();
        EXPECT_EQ(d.message.attempt, i);
        EXPECT_EQ(q.retry(d), settled::done);
    }
}

}  // namespace freshet::test
