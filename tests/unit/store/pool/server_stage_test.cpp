#include "store/pool/server_stage.hpp"

#include <gtest/gtest.h>

#include <array>
#include <initializer_list>

using namespace freshet;
using enum server_stage;

namespace {

constexpr std::array stages{idle, connecting, up, down, probing, stopped};
constexpr std::array events{server_event::begun,  server_event::greeted,      server_event::lost,
                            server_event::failed, server_event::failed_again, server_event::stop};

/// A row for each stage, in the order of `events`.
constexpr server_stage expected[stages.size()][events.size()] = {
    // begun, greeted, lost, failed, failed_again, stop
    {connecting, idle, idle, idle, down, stopped},  // idle
    {connecting, up, idle, idle, down, stopped},    // connecting
    {connecting, up, idle, idle, down, stopped},    // up
    {probing, down, down, down, down, stopped},     // down
    {probing, up, down, down, down, stopped},       // probing
    {stopped, stopped, stopped, stopped, stopped, stopped},
};

server_stage after(std::initializer_list<server_event> all) {
    server_stage now = idle;
    for (const server_event e : all) now = next_stage(now, e);
    return now;
}

}  // namespace

TEST(server_stage, every_event_in_every_stage_leads_where_it_should) {
    for (std::size_t s = 0; s < stages.size(); ++s) {
        for (std::size_t e = 0; e < events.size(); ++e)
            EXPECT_EQ(next_stage(stages[s], events[e]), expected[s][e]) << "stage " << s << ", event " << e;
    }
}

TEST(server_stage, server_that_is_down_serves_again_only_once_it_has_greeted) {
    using enum server_event;
    EXPECT_EQ(after({begun, failed_again}), down);
    EXPECT_EQ(after({begun, failed_again, begun}), probing);
    EXPECT_EQ(after({begun, failed_again, begun, failed}), down);
    EXPECT_EQ(after({begun, failed_again, begun, greeted}), up);
}

TEST(server_stage, connection_that_was_lost_while_idle_is_no_failure) {
    using enum server_event;
    EXPECT_EQ(after({begun, greeted, lost}), idle);
    EXPECT_EQ(after({begun, greeted, lost, begun, greeted}), up);
}
