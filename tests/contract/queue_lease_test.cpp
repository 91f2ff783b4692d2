// Leases: what is not settled comes back, and says so.
#include <freshet/config.hpp>
#include <freshet/time.hpp>

#include "contract/queue_suite.hpp"
#include "queue/operations.hpp"

namespace freshet::test {

TEST_P(every_queue, a_lease_that_runs_out_gives_the_message_back) {
    queue_user q = open();
    q.publish("a");
    const delivery first = q.receive_one();
    pass(q.of().options().ack_timeout - milliseconds(1));
    EXPECT_TRUE(q.receive().empty());
    pass(milliseconds(1));
    const delivery again = q.receive_one();
    EXPECT_EQ(again.message.body, "a");
    EXPECT_EQ(again.message.id, first.message.id);
    EXPECT_TRUE(again.redelivered);
    EXPECT_EQ(again.message.attempt, 2U);
}

TEST_P(every_queue, a_message_that_comes_back_takes_its_old_place) {
    queue_user q = open();
    for (const auto* body : {"a", "b", "c"}) q.publish(body);
    EXPECT_EQ(q.receive_bodies(2), (strings{"a", "b"}));
    pass(q.of().options().ack_timeout);
    EXPECT_EQ(q.receive_bodies(), (strings{"a", "b", "c"}));
}

TEST_P(every_queue, renew_begins_the_lease_anew) {
    queue_options options;
    options.ack_timeout = seconds(10);
    queue_user q = open(options);
    q.publish("a");
    const delivery d = q.receive_one();
    for (int i = 0; i < 5; ++i) {
        pass(seconds(9));
        EXPECT_EQ(q.settle(action::renew, d.number), settled::done);
    }
    EXPECT_TRUE(q.receive().empty());
    EXPECT_EQ(q.ack(d), settled::done);
    pass(seconds(20));
    EXPECT_TRUE(q.receive().empty());
}

TEST_P(every_queue, what_is_released_was_never_handed_out) {
    queue_user q = open();
    for (const auto* body : {"a", "b"}) q.publish(body);
    const delivery first = q.receive_one();
    EXPECT_EQ(q.settle(action::release, first.number), settled::done);
    const delivery again = q.receive_one();
    EXPECT_EQ(again.message.body, "a");
    EXPECT_EQ(again.message.attempt, 1U);
    EXPECT_EQ(q.ack(again), settled::done);
    EXPECT_EQ(q.receive_bodies(), (strings{"b"}));
    EXPECT_EQ(q.settle(action::release, first.number), settled::unknown);
}

TEST_P(every_queue, what_is_released_for_later_comes_then_and_counts_no_attempt) {
    queue_options options;
    options.max_attempts = 2;
    queue_user q = open(options);
    q.publish("a");
    for (int i = 0; i < 5; ++i) {
        const delivery d = q.receive_one();
        EXPECT_EQ(d.message.attempt, 1U);
        EXPECT_EQ(q.settle(action::release, d.number, seconds(10)), settled::done);
        EXPECT_TRUE(q.receive().empty());
        pass(seconds(10));
    }
    EXPECT_EQ(q.ack(q.receive_one()), settled::done);
}

TEST_P(every_queue, who_names_his_attempt_settles_nobody_elses) {
    queue_user q = open();
    q.publish("a");
    const delivery slow = q.receive_one();
    pass(q.of().options().ack_timeout);
    const delivery other = q.receive_one();
    EXPECT_EQ(q.settle_attempt(action::retry, slow), settled::unknown);
    EXPECT_EQ(q.settle_attempt(action::retry, other), settled::done);
    EXPECT_EQ(q.receive_one().message.attempt, 3U);
}

TEST_P(every_queue, releasing_what_is_ready_again_changes_nothing) {
    queue_user q = open();
    q.publish("a");
    const delivery d = q.receive_one();
    pass(q.of().options().ack_timeout);
    EXPECT_EQ(q.settle(action::release, d.number), settled::done);
    EXPECT_EQ(q.receive_bodies(), (strings{"a"}));
    EXPECT_TRUE(q.receive().empty());
}

TEST_P(every_queue, a_late_renewal_takes_the_message_back_while_nobody_has_it) {
    queue_user q = open();
    q.publish("a");
    const delivery d = q.receive_one();
    pass(q.of().options().ack_timeout);
    EXPECT_EQ(q.settle(action::renew, d.number), settled::done);
    EXPECT_TRUE(q.receive().empty());
    pass(q.of().options().ack_timeout);
    EXPECT_EQ(q.receive_one().message.attempt, 2U);
}

TEST_P(every_queue, a_late_ack_counts_while_nobody_settled_it) {
    queue_user q = open();
    q.publish("a");
    const delivery d = q.receive_one();
    pass(q.of().options().ack_timeout);
    EXPECT_EQ(q.ack(d), settled::done);
    EXPECT_TRUE(q.receive().empty());
    EXPECT_EQ(q.of().length(), 0U);
}

TEST_P(every_queue, settling_twice_is_unknown) {
    queue_user q = open();
    q.publish("a");
    const delivery d = q.receive_one();
    EXPECT_EQ(q.ack(d), settled::done);
    for (const action what : {action::ack, action::retry, action::dead, action::renew})
        EXPECT_EQ(q.settle(what, d.number), settled::unknown);
}

TEST_P(every_queue, a_number_that_was_never_given_is_unknown) {
    queue_user q = open();
    q.publish("a");
    for (const std::uint64_t number :
         {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{999}, ~std::uint64_t{0}})
        EXPECT_EQ(q.settle(action::ack, number), settled::unknown) << number;
    EXPECT_EQ(q.receive_bodies(), strings{"a"});
}

TEST_P(every_queue, a_message_that_was_given_back_cannot_be_acked) {
    queue_user q = open();
    q.publish("a");
    const delivery d = q.receive_one();
    EXPECT_EQ(q.retry(d), settled::done);
    EXPECT_EQ(q.ack(d), settled::unknown);
    EXPECT_EQ(q.receive_bodies(), strings{"a"});
}

TEST_P(every_queue, what_was_open_at_a_stop_comes_again_marked_and_costs_no_attempt) {
    NEEDS(lasting_leases);
    queue_user q = open();
    q.publish("a");
    q.publish("b");
    const delivery first = q.receive_one();
    house_->restart();
    q = open();
    const auto all = q.receive();
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].message.body, "a");
    EXPECT_TRUE(all[0].redelivered);
    EXPECT_EQ(all[0].message.attempt, 1U);
    EXPECT_FALSE(all[1].redelivered);
    EXPECT_EQ(all[0].number, first.number);
}

TEST_P(every_queue, what_was_open_at_a_stop_can_be_acked_afterwards) {
    NEEDS(lasting_leases);
    queue_user q = open();
    q.publish("a");
    q.publish("b");
    const delivery first = q.receive_one();
    house_->restart();
    q = open();
    EXPECT_EQ(q.ack(first), settled::done);
    EXPECT_EQ(q.settle(action::ack, first.number + 1), settled::unknown);
    EXPECT_EQ(q.receive_bodies(), strings{"b"});
}

}  // namespace freshet::test
