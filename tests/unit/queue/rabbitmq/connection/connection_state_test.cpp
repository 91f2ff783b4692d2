#include "queue/rabbitmq/connection/connection_state.hpp"

#include "support/state_script.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace freshet::test {
namespace {

using state = rabbitmq_state;
using event = rabbitmq_event;

constexpr std::size_t state_count = count_to(state::stopped), event_count = count_to(event::cut);

constexpr std::array<flag_name<rabbitmq_actions>, 5> names{{
    {"tell_ready", &rabbitmq_actions::tell_ready},
    {"tell_lost", &rabbitmq_actions::tell_lost},
    {"tell_failed", &rabbitmq_actions::tell_failed},
    {"say_goodbye", &rabbitmq_actions::say_goodbye},
    {"end", &rabbitmq_actions::end},
}};

/// What is to be done about these events, one after the other.
std::string said(rabbitmq_connection_state& connection, const std::vector<event>& events) {
    std::string all;
    for (const event e : events) {
        const std::string words = in_words(connection.take(e), names);
        if (!words.empty()) all += (all.empty() ? "" : " ") + words;
    }
    return all;
}

rabbitmq_connection_state connection_in(state s) {
    static const std::array<std::vector<event>, state_count> ways{{
        {},
        {event::begun},
        {event::begun, event::broken},
        {event::begun, event::set_up},
        {event::begun, event::set_up, event::broken},
        {event::begun, event::set_up, event::stopped},
        {event::stopped},
    }};
    rabbitmq_connection_state connection;
    said(connection, ways[place_of(s)]);
    EXPECT_EQ(connection.now(), s);
    return connection;
}

struct row {
    event what;
    std::array<state, state_count> next;        ///< of each state, in their order
    std::array<const char*, state_count> says;  ///< in each state
};

// clang-format off
constexpr auto apart = state::apart, setting_up = state::setting_up, failing = state::failing, open = state::open,
               breaking = state::breaking, leaving = state::leaving, stopped = state::stopped;
constexpr std::array<row, event_count> rows{{
    // in:            apart       setting_up  failing  open      breaking  leaving  stopped
    {event::begun,   {setting_up, setting_up, failing, open,     breaking, leaving, stopped}, {"", "", "", "", "", "", ""}},
    {event::set_up,  {apart,      open,       failing, open,     breaking, leaving, stopped},
                     {"", "tell_ready", "", "", "", "", ""}},
    {event::broken,  {apart,      failing,    failing, breaking, breaking, leaving, stopped}, {"", "", "", "", "", "", ""}},
    {event::closed,  {apart,      apart,      apart,   apart,    apart,    stopped, stopped},
                     {"", "tell_failed", "tell_failed", "tell_lost", "tell_lost", "", ""}},
    {event::stopped, {stopped,    stopped,    stopped, leaving,  stopped,  leaving, stopped},
                     {"end", "end", "end", "say_goodbye", "end", "", ""}},
    {event::cut,     {stopped,    stopped,    stopped, stopped,  stopped,  stopped, stopped},
                     {"end", "end", "end", "end", "end", "end", ""}},
}};
// clang-format on

TEST(rabbitmq_connection_state, each_event_in_each_state_does_what_is_in_the_table) {
    for (std::size_t e = 0; e < event_count; ++e) {
        for (std::size_t s = 0; s < state_count; ++s) {
            SCOPED_TRACE("event " + std::to_string(e) + " in state " + std::to_string(s));
            ASSERT_EQ(place_of(rows[e].what), e);
            rabbitmq_connection_state connection = connection_in(state{static_cast<std::uint8_t>(s)});
            EXPECT_EQ(in_words(connection.take(rows[e].what), names), rows[e].says[s]);
            EXPECT_EQ(connection.now(), rows[e].next[s]);
        }
    }
}

TEST(rabbitmq_connection_state, what_its_user_does_not_know_yet_is_ready_to_him) {
    for (const state s : {apart, setting_up, failing, open, breaking, leaving, stopped}) {
        const rabbitmq_connection_state connection = connection_in(s);
        EXPECT_EQ(connection.is_open(), s == open);
        EXPECT_EQ(connection.is_ready(), s == open || s == breaking);
        EXPECT_EQ(connection.can_write(), s == open || s == setting_up);
        EXPECT_EQ(connection.is_leaving(), s == leaving);
        EXPECT_EQ(connection.is_stopped(), s == stopped);
    }
}

TEST(rabbitmq_connection_state, a_lost_connection_is_told_once_and_the_next_one_is_told_again) {
    rabbitmq_connection_state connection = connection_in(open);
    EXPECT_EQ(said(connection, {event::broken, event::closed}), "tell_lost");
    EXPECT_EQ(said(connection, {event::begun, event::broken, event::closed}), "tell_failed");
    EXPECT_EQ(said(connection, {event::begun, event::set_up}), "tell_ready");
}

TEST(rabbitmq_connection_state, one_that_is_stopped_while_it_is_set_up_is_never_ready) {
    rabbitmq_connection_state connection = connection_in(setting_up);
    EXPECT_EQ(said(connection, {event::stopped, event::set_up, event::broken, event::closed, event::stopped}), "end");
}

}  // namespace
}  // namespace freshet::test
