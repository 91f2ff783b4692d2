#include "queue/rabbitmq/link_state.hpp"

#include "support/state_script.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace freshet::test {
namespace {

using state = rabbitmq_state;
using event = rabbitmq_event;
using actions = rabbitmq_actions;

constexpr std::size_t state_count = count_to(state::stopped), event_count = count_to(event::stopped);

constexpr std::array<flag_name<actions>, 13> names{{
    {"publish_again", &actions::publish_again},
    {"subscribe", &actions::subscribe},
    {"unsubscribe", &actions::unsubscribe},
    {"recover", &actions::recover},
    {"give_back", &actions::give_back},
    {"hand_over", &actions::hand_over},
    {"ask", &actions::ask},
    {"tell_levelled", &actions::tell_levelled},
    {"look_for_others", &actions::look_for_others},
    {"tell_connected", &actions::tell_connected},
    {"tell_lost", &actions::tell_lost},
    {"say_goodbye", &actions::say_goodbye},
    {"end", &actions::end},
}};

/// What is to be done about these events, one after the other.
std::string said(rabbitmq_link_state& link, const std::vector<event>& events) {
    std::string all;
    for (const event e : events) {
        const std::string words = in_words(link.take(e), names);
        if (!words.empty()) all += (all.empty() ? "" : " ") + words;
    }
    return all;
}

const std::vector<event>& way_to(state s) {
    static const std::array<std::vector<event>, state_count> ways{{
        {},
        {event::begun},
        {event::begun, event::broken},
        {event::begun, event::set_up},
        {event::begun, event::set_up, event::alarm},
        {event::begun, event::set_up, event::broken},
        {event::stopped},
    }};
    return ways[place_of(s)];
}

rabbitmq_link_state link_in(state s, bool wanted = false) {
    rabbitmq_link_state link;
    if (wanted) link.take(event::wanted);
    said(link, way_to(s));
    EXPECT_EQ(link.now(), s);
    return link;
}

std::string which(event e, state s, bool wanted) {
    return "event " + std::to_string(place_of(e)) + " in state " + std::to_string(place_of(s)) +
           (wanted ? ", wanted" : "");
}

template <class Look>
void each_event_in_each_state(Look look) {
    for (std::size_t e = 0; e < event_count; ++e) {
        for (std::size_t s = 0; s < state_count; ++s) {
            for (const bool wanted : {false, true}) {
                SCOPED_TRACE(which(event{static_cast<std::uint8_t>(e)}, state{static_cast<std::uint8_t>(s)}, wanted));
                look(event{static_cast<std::uint8_t>(e)}, state{static_cast<std::uint8_t>(s)}, wanted);
            }
        }
    }
}

struct next_states {
    event what;
    std::array<state, state_count> next;  ///< of each state, in their order
};

// clang-format off
constexpr auto apart = state::apart, setting_up = state::setting_up, failing = state::failing, open = state::open,
               blocked = state::blocked, breaking = state::breaking, stopped = state::stopped;
constexpr std::array<next_states, event_count> next{{
    // in:              apart       setting_up  failing  open      blocked   breaking  stopped
    {event::begun,     {setting_up, setting_up, failing, open,     blocked,  breaking, stopped}},
    {event::set_up,    {apart,      open,       failing, open,     blocked,  breaking, stopped}},
    {event::alarm,     {apart,      setting_up, failing, blocked,  blocked,  breaking, stopped}},
    {event::all_clear, {apart,      setting_up, failing, open,     open,     breaking, stopped}},
    {event::broken,    {apart,      failing,    failing, breaking, breaking, breaking, stopped}},
    {event::closed,    {apart,      apart,      apart,   apart,    apart,    apart,    stopped}},
    {event::wanted,    {apart,      setting_up, failing, open,     blocked,  breaking, stopped}},
    {event::unwanted,  {apart,      setting_up, failing, open,     blocked,  breaking, stopped}},
    {event::delivered, {apart,      setting_up, failing, open,     blocked,  breaking, stopped}},
    {event::recovered, {apart,      setting_up, failing, open,     blocked,  breaking, stopped}},
    {event::level,     {apart,      setting_up, failing, open,     blocked,  breaking, stopped}},
    {event::others,    {apart,      setting_up, failing, open,     blocked,  breaking, stopped}},
    {event::answered,  {apart,      setting_up, failing, open,     blocked,  breaking, stopped}},
    {event::stopped,   {stopped,    stopped,    stopped, stopped,  stopped,  stopped,  stopped}},
}};
// clang-format on

TEST(rabbitmq_link_state, each_event_leads_from_each_state_to_the_one_in_the_table) {
    each_event_in_each_state([](event e, state s, bool wanted) {
        const next_states& row = next[place_of(e)];
        ASSERT_EQ(row.what, e);
        rabbitmq_link_state link = link_in(s, wanted);
        link.take(e);
        EXPECT_EQ(link.now(), row.next[place_of(s)]);
    });
}

/// What an event makes the link do, where nothing was asked before. In states that are not named here: nothing.
std::string expected(event e, state s, bool wanted) {
    const bool usable = s == open || s == blocked;
    switch (e) {
        case event::set_up:
            if (s != setting_up) return "";
            return wanted ? "publish_again subscribe tell_connected" : "publish_again tell_connected";
        case event::closed: return usable || s == breaking ? "tell_lost" : "";
        case event::wanted: return usable && !wanted ? "subscribe" : "";
        case event::unwanted: return usable && wanted ? "unsubscribe recover" : "";
        case event::delivered: return !usable ? "" : wanted ? "hand_over" : "recover";
        case event::level:
        case event::others: return usable ? "ask" : "";
        case event::stopped: return s == stopped ? "" : usable ? "say_goodbye end" : "end";
        case event::begun:
        case event::alarm:
        case event::all_clear:
        case event::broken:
        case event::recovered:
        case event::answered: return "";
    }
    return "?";
}

TEST(rabbitmq_link_state, each_event_in_each_state_makes_the_link_do_what_it_should) {
    each_event_in_each_state([](event e, state s, bool wanted) {
        rabbitmq_link_state link = link_in(s, wanted);
        EXPECT_EQ(in_words(link.take(e), names), expected(e, s, wanted));
    });
}

TEST(rabbitmq_link_state, only_an_open_or_blocked_link_is_usable) {
    for (const state s : {apart, setting_up, failing, open, blocked, breaking, stopped}) {
        const rabbitmq_link_state link = link_in(s);
        EXPECT_EQ(link.is_usable(), s == open || s == blocked);
        EXPECT_EQ(link.is_connected(), s == open || s == blocked || s == breaking);
        EXPECT_EQ(link.can_write(), s == open || s == blocked || s == setting_up);
        EXPECT_EQ(link.is_stopped(), s == stopped);
    }
}

// ---- scripts

TEST(rabbitmq_link_state, a_link_that_only_publishes_does_not_subscribe) {
    rabbitmq_link_state link;
    EXPECT_EQ(said(link, {event::begun, event::set_up}), "publish_again tell_connected");
}

TEST(rabbitmq_link_state, what_was_wanted_before_there_was_a_connection_is_subscribed_once_there_is) {
    rabbitmq_link_state link;
    EXPECT_EQ(said(link, {event::wanted, event::begun}), "");
    EXPECT_EQ(said(link, {event::set_up}), "publish_again subscribe tell_connected");
    EXPECT_EQ(said(link, {event::wanted, event::delivered, event::delivered}), "hand_over hand_over");
}

TEST(rabbitmq_link_state, a_lost_connection_is_told_once_and_the_next_one_subscribes_again) {
    rabbitmq_link_state link = link_in(open, true);
    EXPECT_EQ(said(link, {event::broken}), "");
    EXPECT_TRUE(link.is_connected());  // the owner is told when it is closed
    EXPECT_EQ(said(link, {event::closed}), "tell_lost");
    EXPECT_FALSE(link.is_connected());
    EXPECT_EQ(said(link, {event::begun, event::broken, event::closed}), "");  // nobody there
    EXPECT_EQ(said(link, {event::begun, event::set_up}), "publish_again subscribe tell_connected");
}

TEST(rabbitmq_link_state, what_is_not_wanted_any_more_is_not_subscribed_on_the_next_connection) {
    rabbitmq_link_state link = link_in(open, true);
    EXPECT_EQ(said(link, {event::broken, event::unwanted, event::closed}), "tell_lost");
    EXPECT_EQ(said(link, {event::begun, event::set_up}), "publish_again tell_connected");
}

TEST(rabbitmq_link_state, an_alarm_ends_with_the_all_clear_or_with_the_connection) {
    rabbitmq_link_state link = link_in(open, true);
    link.take(event::alarm);
    EXPECT_EQ(link.now(), blocked);
    EXPECT_EQ(said(link, {event::delivered}), "hand_over");  // consumers go on
    link.take(event::all_clear);
    EXPECT_EQ(link.now(), open);
    said(link, {event::alarm, event::broken, event::closed, event::begun, event::set_up});
    EXPECT_EQ(link.now(), open);
}

TEST(rabbitmq_link_state, what_came_until_the_broker_has_taken_it_back_is_not_handed_over) {
    rabbitmq_link_state link = link_in(open, true);
    EXPECT_EQ(said(link, {event::unwanted}), "unsubscribe recover");
    EXPECT_EQ(said(link, {event::delivered, event::delivered}), "");  // the recovery that was asked for covers them
    EXPECT_EQ(said(link, {event::recovered}), "give_back");
    EXPECT_EQ(said(link, {event::delivered}), "recover");  // this one was under way when the broker answered
    EXPECT_EQ(said(link, {event::recovered}), "give_back");
}

TEST(rabbitmq_link_state, who_wants_again_gets_what_comes_behind_the_recovery) {
    rabbitmq_link_state link = link_in(open, true);
    EXPECT_EQ(said(link, {event::unwanted, event::wanted}), "unsubscribe recover subscribe");
    EXPECT_EQ(said(link, {event::delivered}), "");
    EXPECT_EQ(said(link, {event::recovered, event::delivered}), "give_back hand_over");
}

TEST(rabbitmq_link_state, a_recovery_that_was_asked_for_ends_with_the_connection) {
    rabbitmq_link_state link = link_in(open, true);
    said(link, {event::unwanted, event::wanted, event::broken, event::closed, event::begun, event::set_up});
    EXPECT_EQ(said(link, {event::delivered}), "hand_over");
}

TEST(rabbitmq_link_state, a_recovery_that_nobody_asked_for_changes_nothing) {
    rabbitmq_link_state link = link_in(open, true);
    EXPECT_EQ(said(link, {event::recovered}), "");
    EXPECT_EQ(said(link, {event::delivered}), "hand_over");
}

TEST(rabbitmq_link_state, a_level_is_known_at_the_second_answer) {
    rabbitmq_link_state link = link_in(open);
    EXPECT_EQ(said(link, {event::level}), "ask");
    EXPECT_EQ(said(link, {event::answered}), "ask");
    EXPECT_EQ(said(link, {event::answered}), "tell_levelled");
    EXPECT_EQ(said(link, {event::answered}), "");  // not asked for
}

TEST(rabbitmq_link_state, answers_come_in_the_order_of_the_questions) {
    rabbitmq_link_state link = link_in(open);
    EXPECT_EQ(said(link, {event::level, event::others}), "ask ask");
    EXPECT_EQ(said(link, {event::answered}), "ask");
    EXPECT_EQ(said(link, {event::answered}), "look_for_others");
    EXPECT_EQ(said(link, {event::answered}), "tell_levelled");
}

TEST(rabbitmq_link_state, a_level_that_was_asked_for_is_forgotten_with_the_connection) {
    rabbitmq_link_state link = link_in(open);
    said(link, {event::level, event::answered});
    EXPECT_EQ(said(link, {event::broken, event::closed}), "tell_lost");
    EXPECT_EQ(said(link, {event::begun, event::set_up, event::answered}), "publish_again tell_connected");
    EXPECT_EQ(said(link, {event::level, event::answered, event::answered}), "ask ask tell_levelled");
}

TEST(rabbitmq_link_state, a_link_that_is_stopped_while_it_is_set_up_is_never_connected) {
    rabbitmq_link_state link = link_in(setting_up, true);
    EXPECT_EQ(said(link, {event::stopped}), "end");
    EXPECT_EQ(said(link, {event::set_up, event::delivered, event::broken, event::closed}), "");
    EXPECT_EQ(link.now(), stopped);
    EXPECT_FALSE(link.is_connected());
}

TEST(rabbitmq_link_state, it_says_goodbye_only_where_somebody_listens) {
    for (const state s : {open, blocked}) {
        rabbitmq_link_state link = link_in(s);
        EXPECT_EQ(said(link, {event::stopped, event::stopped}), "say_goodbye end");
    }
    rabbitmq_link_state broken = link_in(breaking);
    EXPECT_EQ(said(broken, {event::stopped, event::stopped}), "end");
}

}  // namespace
}  // namespace freshet::test
