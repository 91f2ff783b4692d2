#include "server/session_stage.hpp"

#include <gtest/gtest.h>

#include <array>

using namespace freshet;
using enum session_stage;

namespace {

constexpr std::array stages{reading, stalled, ending, closed};
constexpr std::array events{session_event::over_limit, session_event::room_again, session_event::input_over,
                            session_event::all_said, session_event::socket_failed};

/// A row for each stage, in the order of `events`.
constexpr session_stage expected[stages.size()][events.size()] = {
    // over_limit, room_again, input_over, all_said, socket_failed
    {stalled, reading, ending, reading, closed},
    {stalled, reading, ending, stalled, closed},
    {ending, ending, ending, closed, closed},
    {closed, closed, closed, closed, closed},
};

TEST(session_stage, every_event_in_every_stage_leads_where_it_should) {
    for (std::size_t s = 0; s < stages.size(); ++s) {
        for (std::size_t e = 0; e < events.size(); ++e)
            EXPECT_EQ(next_stage(stages[s], events[e]), expected[s][e]) << "stage " << s << ", event " << e;
    }
}

session_stage after(std::initializer_list<session_event> all) {
    session_stage now = reading;
    for (const session_event e : all) now = next_stage(now, e);
    return now;
}

TEST(session_stage, client_that_has_sent_its_last_is_told_all_before_it_is_closed) {
    EXPECT_EQ(after({session_event::input_over, session_event::over_limit, session_event::room_again}), ending);
    EXPECT_EQ(after({session_event::input_over, session_event::all_said}), closed);
}

TEST(session_stage, stalled_one_that_is_stopped_reads_no_more) {
    EXPECT_EQ(after({session_event::over_limit, session_event::input_over, session_event::room_again}), ending);
}

}  // namespace
