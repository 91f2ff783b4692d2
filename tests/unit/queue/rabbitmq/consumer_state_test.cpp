#include "queue/rabbitmq/consumer_state.hpp"

#include "support/state_script.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace freshet::test {
namespace {

using event = consumer_event;
using actions = consumer_actions;

constexpr std::size_t event_count = count_to(event::answered);

constexpr std::array<flag_name<actions>, 8> names{{
    {"unsubscribe", &actions::unsubscribe},
    {"subscribe", &actions::subscribe},
    {"recover", &actions::recover},
    {"give_back", &actions::give_back},
    {"hand_over", &actions::hand_over},
    {"ask", &actions::ask},
    {"tell_levelled", &actions::tell_levelled},
    {"look_for_others", &actions::look_for_others},
}};

/// What is to be done about these events, one after the other.
std::string said(rabbitmq_consumer_state& consumer, const std::vector<event>& events) {
    std::string all;
    for (const event e : events) {
        const std::string words = in_words(consumer.take(e), names);
        if (!words.empty()) all += (all.empty() ? "" : " ") + words;
    }
    return all;
}

rabbitmq_consumer_state consumer_that_is(bool connected, bool wanted = false) {
    rabbitmq_consumer_state consumer;
    if (wanted) consumer.take(event::wanted);
    if (connected) consumer.take(event::ready);
    return consumer;
}

/// What an event makes the consumer do, where nothing was asked before.
std::string expected(event e, bool connected, bool wanted) {
    switch (e) {
        case event::ready: return !connected && wanted ? "subscribe" : "";
        case event::wanted: return connected ? "subscribe" : "";
        case event::enough: return connected && wanted ? "unsubscribe" : "";
        case event::unwanted: return connected && wanted ? "unsubscribe recover" : "";
        case event::delivered: return !connected ? "" : wanted ? "hand_over" : "recover";
        case event::level:
        case event::others: return connected ? "ask" : "";
        case event::lost:
        case event::recovered:
        case event::cancelled:
        case event::answered: return "";
    }
    return "?";
}

TEST(rabbitmq_consumer_state, each_event_makes_the_consumer_do_what_it_should) {
    for (std::size_t e = 0; e < event_count; ++e) {
        for (const bool connected : {false, true}) {
            for (const bool wanted : {false, true}) {
                SCOPED_TRACE("event " + std::to_string(e) + (connected ? ", connected" : "") +
                             (wanted ? ", wanted" : ""));
                const event what{static_cast<std::uint8_t>(e)};
                rabbitmq_consumer_state consumer = consumer_that_is(connected, wanted);
                EXPECT_EQ(in_words(consumer.take(what), names), expected(what, connected, wanted));
            }
        }
    }
}

// ---- scripts

TEST(rabbitmq_consumer_state, who_wants_more_has_one_more_subscription) {
    rabbitmq_consumer_state consumer = consumer_that_is(true, true);
    EXPECT_EQ(said(consumer, {event::delivered, event::wanted, event::delivered}), "hand_over subscribe hand_over");
}

TEST(rabbitmq_consumer_state, the_next_one_waits_for_the_end_of_those_before) {
    rabbitmq_consumer_state consumer = consumer_that_is(true, true);
    EXPECT_EQ(said(consumer, {event::enough, event::wanted, event::wanted, event::delivered}), "unsubscribe hand_over");
    EXPECT_EQ(said(consumer, {event::cancelled, event::cancelled}), "subscribe");
}

TEST(rabbitmq_consumer_state, who_has_enough_keeps_what_came_and_what_is_on_its_way) {
    rabbitmq_consumer_state consumer = consumer_that_is(true, true);
    EXPECT_EQ(said(consumer, {event::enough, event::delivered, event::cancelled}), "unsubscribe hand_over");
    EXPECT_EQ(said(consumer, {event::wanted}), "subscribe");
    EXPECT_EQ(said(consumer, {event::enough, event::unwanted, event::delivered}), "unsubscribe recover");
    EXPECT_EQ(said(consumer, {event::lost, event::ready, event::enough, event::wanted}), "subscribe");
}

TEST(rabbitmq_consumer_state, a_subscription_that_waits_for_the_last_one_s_end_is_forgotten_with_the_connection) {
    rabbitmq_consumer_state consumer = consumer_that_is(true, true);
    EXPECT_EQ(said(consumer, {event::enough, event::wanted, event::lost, event::ready, event::cancelled}),
              "unsubscribe subscribe");
}

TEST(rabbitmq_consumer_state, what_is_ready_is_told_two_answers_after_the_subscription) {
    rabbitmq_consumer_state consumer = consumer_that_is(true, true);
    EXPECT_EQ(said(consumer, {event::enough, event::wanted, event::level, event::cancelled}),
              "unsubscribe ask subscribe");
    EXPECT_EQ(said(consumer, {event::answered, event::answered, event::answered}), "ask ask tell_levelled");
}

TEST(rabbitmq_consumer_state, and_two_after_the_last_who_asked) {
    rabbitmq_consumer_state consumer = consumer_that_is(true, true);
    EXPECT_EQ(said(consumer, {event::level, event::level}), "ask ask");
    EXPECT_EQ(said(consumer, {event::answered, event::answered, event::answered}), "ask tell_levelled");
}

TEST(rabbitmq_consumer_state, what_was_wanted_before_there_was_a_connection_is_subscribed_once_there_is) {
    rabbitmq_consumer_state consumer;
    EXPECT_EQ(said(consumer, {event::wanted}), "");
    EXPECT_EQ(said(consumer, {event::ready}), "subscribe");
    EXPECT_EQ(said(consumer, {event::delivered, event::delivered}), "hand_over hand_over");
}

TEST(rabbitmq_consumer_state, the_next_connection_subscribes_again) {
    rabbitmq_consumer_state consumer = consumer_that_is(true, true);
    EXPECT_EQ(said(consumer, {event::lost, event::lost, event::ready}), "subscribe");
}

TEST(rabbitmq_consumer_state, what_is_not_wanted_any_more_is_not_subscribed_on_the_next_connection) {
    rabbitmq_consumer_state consumer = consumer_that_is(true, true);
    EXPECT_EQ(said(consumer, {event::lost, event::unwanted, event::ready}), "");
}

TEST(rabbitmq_consumer_state, what_came_until_the_broker_has_taken_it_back_is_not_handed_over) {
    rabbitmq_consumer_state consumer = consumer_that_is(true, true);
    EXPECT_EQ(said(consumer, {event::unwanted}), "unsubscribe recover");
    EXPECT_EQ(said(consumer, {event::delivered, event::delivered}), "");  // the recovery that was asked for covers them
    EXPECT_EQ(said(consumer, {event::recovered}), "give_back");
    EXPECT_EQ(said(consumer, {event::delivered}), "recover");  // this one was under way when the broker answered
    EXPECT_EQ(said(consumer, {event::recovered}), "give_back");
}

TEST(rabbitmq_consumer_state, who_wants_again_gets_what_comes_behind_the_recovery) {
    rabbitmq_consumer_state consumer = consumer_that_is(true, true);
    EXPECT_EQ(said(consumer, {event::unwanted, event::wanted, event::cancelled}), "unsubscribe recover subscribe");
    EXPECT_EQ(said(consumer, {event::delivered}), "");
    EXPECT_EQ(said(consumer, {event::recovered, event::delivered}), "give_back hand_over");
}

TEST(rabbitmq_consumer_state, a_recovery_that_was_asked_for_ends_with_the_connection) {
    rabbitmq_consumer_state consumer = consumer_that_is(true, true);
    said(consumer, {event::unwanted, event::wanted, event::lost, event::ready});
    EXPECT_EQ(said(consumer, {event::delivered}), "hand_over");
}

TEST(rabbitmq_consumer_state, a_recovery_that_nobody_asked_for_changes_nothing) {
    rabbitmq_consumer_state consumer = consumer_that_is(true, true);
    EXPECT_EQ(said(consumer, {event::recovered}), "");
    EXPECT_EQ(said(consumer, {event::delivered}), "hand_over");
}

TEST(rabbitmq_consumer_state, a_level_is_known_at_the_second_answer) {
    rabbitmq_consumer_state consumer = consumer_that_is(true);
    EXPECT_EQ(said(consumer, {event::level}), "ask");
    EXPECT_EQ(said(consumer, {event::answered}), "ask");
    EXPECT_EQ(said(consumer, {event::answered}), "tell_levelled");
    EXPECT_EQ(said(consumer, {event::answered}), "");  // not asked for
}

TEST(rabbitmq_consumer_state, answers_come_in_the_order_of_the_questions) {
    rabbitmq_consumer_state consumer = consumer_that_is(true);
    EXPECT_EQ(said(consumer, {event::level, event::others}), "ask ask");
    EXPECT_EQ(said(consumer, {event::answered}), "ask");
    EXPECT_EQ(said(consumer, {event::answered}), "look_for_others");
    EXPECT_EQ(said(consumer, {event::answered}), "tell_levelled");
}

TEST(rabbitmq_consumer_state, a_level_that_was_asked_for_is_forgotten_with_the_connection) {
    rabbitmq_consumer_state consumer = consumer_that_is(true);
    said(consumer, {event::level, event::answered, event::lost});
    EXPECT_EQ(said(consumer, {event::ready, event::answered}), "");
    EXPECT_EQ(said(consumer, {event::level, event::answered, event::answered}), "ask ask tell_levelled");
}

}  // namespace
}  // namespace freshet::test
