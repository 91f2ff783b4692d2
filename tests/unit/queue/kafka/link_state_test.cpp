#include "queue/kafka/link_state.hpp"

#include "support/state_script.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace freshet::test {
namespace {

using state = kafka_state;
using event = kafka_event;
using actions = kafka_actions;

constexpr std::size_t state_count = count_to(state::stopped), event_count = count_to(event::stopped);

constexpr std::array<flag_name<actions>, 16> names{{
    {"subscribe", &actions::subscribe},
    {"forget_commits", &actions::forget_commits},
    {"commit", &actions::commit},
    {"commit_soon", &actions::commit_soon},
    {"decline", &actions::decline},
    {"unsubscribe", &actions::unsubscribe},
    {"drop_partitions", &actions::drop_partitions},
    {"tell_revoked", &actions::tell_revoked},
    {"give_up_partitions", &actions::give_up_partitions},
    {"take_over", &actions::take_over},
    {"read", &actions::read},
    {"look", &actions::look},
    {"tell_connected", &actions::tell_connected},
    {"tell_disconnected", &actions::tell_disconnected},
    {"leave_group", &actions::leave_group},
    {"end", &actions::end},
}};

/// What is to be done about these events, one after the other.
std::string said(kafka_link_state& link, const std::vector<event>& events) {
    std::string all;
    for (const event e : events) {
        const std::string words = in_words(link.take(e), names);
        if (!words.empty()) all += (all.empty() ? "" : " ") + words;
    }
    return all;
}

constexpr auto away = state::away, wanting = state::wanting, joined = state::joined, taking_over = state::taking_over,
               reading = state::reading, stopped = state::stopped;

const std::vector<event>& way_to(state s) {
    static const std::array<std::vector<event>, state_count> ways{{
        {},
        {event::wanted},
        {event::wanted, event::subscribed},
        {event::wanted, event::subscribed, event::given},
        {event::wanted, event::subscribed, event::given, event::positions_known},
        {event::stopped},
    }};
    return ways[place_of(s)];
}

kafka_link_state link_in(state s, bool connected = true) {
    kafka_link_state link;
    link.take(event::answers);
    said(link, way_to(s));
    if (!connected) link.take(event::lost);
    EXPECT_EQ(link.now(), s);
    EXPECT_EQ(link.is_connected(), connected && s != stopped);
    return link;
}

std::string which(event e, state s, bool connected) {
    return "event " + std::to_string(place_of(e)) + " in state " + std::to_string(place_of(s)) +
           (connected ? "" : ", no broker answers");
}

template <class Look>
void each_event_in_each_state(Look look) {
    for (std::size_t e = 0; e < event_count; ++e) {
        for (std::size_t s = 0; s < state_count; ++s) {
            for (const bool connected : {false, true}) {
                SCOPED_TRACE(
                    which(event{static_cast<std::uint8_t>(e)}, state{static_cast<std::uint8_t>(s)}, connected));
                look(event{static_cast<std::uint8_t>(e)}, state{static_cast<std::uint8_t>(s)}, connected);
            }
        }
    }
}

struct next_states {
    event what;
    std::array<state, state_count> next;  ///< of each state, in their order
};

// clang-format off
constexpr std::array<next_states, event_count> next{{
    // in:                    away     wanting  joined       taking_over  reading      stopped
    {event::answers,         {away,    wanting, joined,      taking_over, reading,     stopped}},
    {event::lost,            {away,    wanting, joined,      taking_over, reading,     stopped}},
    {event::wanted,          {wanting, wanting, joined,      taking_over, reading,     stopped}},
    {event::unwanted,        {away,    away,    away,        away,        away,        stopped}},
    {event::subscribed,      {away,    joined,  joined,      taking_over, reading,     stopped}},
    {event::given,           {taking_over, taking_over, taking_over, taking_over, taking_over, stopped}},
    {event::taken,           {away,    wanting, joined,      joined,      joined,      stopped}},
    {event::positions_known, {away,    wanting, joined,      reading,     reading,     stopped}},
    {event::settled,         {away,    wanting, joined,      taking_over, reading,     stopped}},
    {event::commit_time,     {away,    wanting, joined,      taking_over, reading,     stopped}},
    {event::commit_refused,  {away,    wanting, joined,      taking_over, reading,     stopped}},
    {event::stopped,         {stopped, stopped, stopped,     stopped,     stopped,     stopped}},
}};
// clang-format on

TEST(kafka_link_state, each_event_leads_from_each_state_to_the_one_in_the_table) {
    each_event_in_each_state([](event e, state s, bool connected) {
        const next_states& row = next[place_of(e)];
        ASSERT_EQ(row.what, e);
        kafka_link_state link = link_in(s, connected);
        link.take(e);
        EXPECT_EQ(link.now(), row.next[place_of(s)]);
    });
}

std::string expected(event e, state s, bool connected) {
    if (s == stopped) return "";
    const bool member = s == joined || s == taking_over || s == reading;
    switch (e) {
        case event::answers:
            if (connected) return "";
            return s == wanting ? "subscribe forget_commits commit tell_connected"
                                : "forget_commits commit tell_connected";
        case event::lost: return connected ? "look tell_disconnected" : "look";
        case event::wanted: return connected && (s == away || s == wanting) ? "subscribe" : "";
        case event::unwanted:
            if (s == taking_over) return "forget_commits commit decline unsubscribe drop_partitions";
            return member ? "forget_commits commit unsubscribe drop_partitions" : "";
        case event::given: return "drop_partitions tell_revoked take_over";
        case event::taken: return "commit drop_partitions tell_revoked give_up_partitions";
        case event::positions_known: return s == taking_over ? "read" : "";
        case event::settled: return "commit_soon";
        case event::commit_time: return "commit";
        case event::commit_refused: return connected ? "forget_commits commit_soon" : "forget_commits";
        case event::stopped:
            return std::string("forget_commits commit ") + (s == taking_over ? "decline " : "") +
                   (connected ? "leave_group " : "") + "end";
        case event::subscribed: return "";
    }
    return "?";
}

TEST(kafka_link_state, each_event_in_each_state_makes_the_link_do_what_it_should) {
    each_event_in_each_state([](event e, state s, bool connected) {
        kafka_link_state link = link_in(s, connected);
        EXPECT_EQ(in_words(link.take(e), names), expected(e, s, connected));
    });
}

// ---- scripts

TEST(kafka_link_state, a_link_that_only_publishes_is_no_member_of_the_group) {
    kafka_link_state link;
    EXPECT_EQ(said(link, {event::answers}), "forget_commits commit tell_connected");
    EXPECT_EQ(link.now(), away);
}

TEST(kafka_link_state, who_wants_messages_before_a_broker_answers_joins_once_one_does) {
    kafka_link_state link;
    EXPECT_EQ(said(link, {event::wanted}), "");
    EXPECT_EQ(said(link, {event::answers}), "subscribe forget_commits commit tell_connected");
    EXPECT_EQ(said(link, {event::subscribed, event::given}), "drop_partitions tell_revoked take_over");
    EXPECT_FALSE(link.is_reading());
    EXPECT_EQ(said(link, {event::positions_known}), "read");
    EXPECT_TRUE(link.is_reading());
}

TEST(kafka_link_state, a_subscription_that_was_refused_is_tried_when_somebody_asks_or_a_broker_answers_again) {
    kafka_link_state link = link_in(wanting);
    EXPECT_EQ(said(link, {event::wanted}), "subscribe");
    EXPECT_EQ(said(link, {event::wanted}), "subscribe");
    EXPECT_EQ(said(link, {event::lost, event::wanted}), "look tell_disconnected");
    EXPECT_EQ(said(link, {event::answers}), "subscribe forget_commits commit tell_connected");
    EXPECT_EQ(said(link, {event::subscribed, event::wanted}), "");
}

TEST(kafka_link_state, a_lost_connection_is_told_once_and_changes_nothing_in_the_group) {
    kafka_link_state link = link_in(reading);
    EXPECT_EQ(said(link, {event::lost, event::lost}), "look tell_disconnected look");
    EXPECT_TRUE(link.is_reading());
    EXPECT_EQ(said(link, {event::answers, event::answers}), "forget_commits commit tell_connected");
    EXPECT_TRUE(link.is_reading());
}

TEST(kafka_link_state, partitions_that_move_on_are_committed_before_and_given_up_behind) {
    kafka_link_state link = link_in(reading);
    EXPECT_EQ(said(link, {event::taken}), "commit drop_partitions tell_revoked give_up_partitions");
    EXPECT_EQ(said(link, {event::given, event::positions_known}), "drop_partitions tell_revoked take_over read");
}

TEST(kafka_link_state, a_rebalance_while_positions_are_asked_begins_again) {
    kafka_link_state link = link_in(taking_over);
    said(link, {event::taken});
    EXPECT_EQ(said(link, {event::positions_known}), "");  // of what was taken away
    EXPECT_EQ(said(link, {event::given}), "drop_partitions tell_revoked take_over");
    EXPECT_EQ(said(link, {event::given}), "drop_partitions tell_revoked take_over");
    EXPECT_EQ(said(link, {event::positions_known}), "read");
}

TEST(kafka_link_state, who_wants_nothing_any_more_leaves_and_joins_again_when_asked) {
    kafka_link_state link = link_in(reading);
    EXPECT_EQ(said(link, {event::unwanted, event::unwanted}), "forget_commits commit unsubscribe drop_partitions");
    EXPECT_EQ(said(link, {event::taken}), "commit drop_partitions tell_revoked give_up_partitions");
    EXPECT_EQ(said(link, {event::wanted, event::subscribed, event::given, event::positions_known}),
              "subscribe drop_partitions tell_revoked take_over read");
}

TEST(kafka_link_state, partitions_that_nobody_wants_any_more_are_declined) {
    kafka_link_state link = link_in(taking_over);
    EXPECT_EQ(said(link, {event::unwanted}), "forget_commits commit decline unsubscribe drop_partitions");
    EXPECT_EQ(said(link, {event::positions_known}), "");
}

TEST(kafka_link_state, partitions_that_are_given_late_are_assigned_and_read_into_nothing_until_they_are_taken) {
    kafka_link_state link = link_in(joined);
    said(link, {event::unwanted});
    EXPECT_EQ(said(link, {event::given, event::positions_known}), "drop_partitions tell_revoked take_over read");
    EXPECT_FALSE(link.is_reading());
    EXPECT_EQ(said(link, {event::unwanted}), "");
    EXPECT_EQ(said(link, {event::taken}), "commit drop_partitions tell_revoked give_up_partitions");
    EXPECT_EQ(link.now(), away);
}

TEST(kafka_link_state, who_joins_again_before_they_are_taken_reads_them) {
    kafka_link_state link = link_in(joined);
    said(link, {event::unwanted, event::given});
    EXPECT_EQ(said(link, {event::wanted, event::subscribed, event::wanted}), "subscribe");
    EXPECT_EQ(said(link, {event::positions_known}), "read");
    EXPECT_TRUE(link.is_reading());
    said(link, {event::taken});
    EXPECT_EQ(link.now(), joined);
}

TEST(kafka_link_state, a_stop_declines_what_was_given_late_and_is_not_assigned) {
    kafka_link_state link = link_in(joined);
    said(link, {event::unwanted, event::given});
    EXPECT_EQ(said(link, {event::stopped}), "forget_commits commit decline leave_group end");
}

TEST(kafka_link_state, one_commit_at_a_time_is_due) {
    kafka_link_state link = link_in(reading);
    EXPECT_EQ(said(link, {event::settled, event::settled, event::commit_refused}), "commit_soon forget_commits");
    EXPECT_EQ(said(link, {event::commit_time}), "commit");
    EXPECT_EQ(said(link, {event::settled}), "commit_soon");
}

TEST(kafka_link_state, a_position_that_was_refused_by_a_lost_broker_is_committed_when_one_answers) {
    kafka_link_state link = link_in(reading, false);
    EXPECT_EQ(said(link, {event::commit_refused}), "forget_commits");
    EXPECT_EQ(said(link, {event::answers}), "forget_commits commit tell_connected");
}

TEST(kafka_link_state, a_commit_that_is_due_is_made_whatever_becomes_of_the_partitions) {
    kafka_link_state link = link_in(reading);
    said(link, {event::settled, event::taken, event::lost});
    EXPECT_EQ(said(link, {event::settled, event::commit_time}), "commit");
}

TEST(kafka_link_state, a_stopped_link_leaves_the_group_if_a_broker_answers_and_does_nothing_any_more) {
    for (const state s : {away, wanting, joined, taking_over, reading}) {
        kafka_link_state link = link_in(s);
        const std::string words = said(link, {event::stopped});
        EXPECT_TRUE(words.ends_with("leave_group end")) << words;
        EXPECT_EQ(said(link, {event::answers, event::wanted, event::given, event::positions_known, event::settled}),
                  "");
        EXPECT_FALSE(link.is_connected());
    }
    kafka_link_state lost = link_in(reading, false);
    EXPECT_EQ(said(lost, {event::stopped}), "forget_commits commit end");
}

}  // namespace
}  // namespace freshet::test
