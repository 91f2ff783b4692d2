// Every rule holds in every order of events, and each is needed: without it some order breaks a promise.
#include "unit/version/world.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

namespace freshet::test {
namespace {

struct story {
    const char* name;
    std::vector<wish> wishes;
    misfortunes may_happen{};
    bool key_is_there{false};
};

const std::vector<story>& stories() {
    static const std::vector<story> all{
        {"a set twice", {{0, deed::set}, {0, deed::set}}},
        {"two adds", {{0, deed::add}, {1, deed::add}}},
        {"a delete and a set of who is behind", {{0, deed::remove}, {1, deed::set}}, {.evictions = 0}, true},
        {"the same where nothing was", {{0, deed::remove}, {1, deed::set}}, {.evictions = 0}},
        {"a set of who is behind", {{0, deed::set}, {1, deed::set}}, {.redeliveries = 0}, true},
        {"sets at two sites in one millisecond", {{0, deed::set}, {2, deed::set}}, {.redeliveries = 0}},
        {"an add, and a set elsewhere", {{0, deed::add}, {2, deed::set}}, {.evictions = 0}},
        {"an add and a delete", {{0, deed::add}, {1, deed::remove}}, {.evictions = 0}},
        {"tombstones that end",
         {{0, deed::remove}, {1, deed::set}},
         {.crashes = 0, .evictions = 0, .redeliveries = 0, .ages = 1}},
        {"the same at another site",
         {{0, deed::remove}, {2, deed::set}},
         {.crashes = 0, .evictions = 0, .redeliveries = 0, .ages = 1},
         true},
        {"a set, a delete and a set elsewhere",
         {{0, deed::set}, {0, deed::remove}, {2, deed::set}},
         {.crashes = 0, .evictions = 0, .redeliveries = 0}},
    };
    return all;
}

TEST(worlds, all_promises_hold_whatever_happens) {
    std::size_t states = 0;
    for (const story& s : stories()) {
        world w({}, s.wishes, s.may_happen, s.key_is_there);
        const auto broken = w.find_broken_promise();
        EXPECT_FALSE(broken) << s.name << ":\n" << *broken;
        if (std::getenv("FRESHET_TRACES") != nullptr) std::printf("%s: %zu states\n", s.name, w.states());
        states += w.states();
    }
    EXPECT_GT(states, 50'000U) << "they are explored";
}

/// Of the first story in which the rule is missed.
std::string broken_without(bool rules::*rule) {
    rules by;
    by.*rule = false;
    for (const story& s : stories()) {
        if (const auto broken = world(by, s.wishes, s.may_happen, s.key_is_there).find_broken_promise())
            return std::string(s.name) + ":\n" + *broken + "\n";
    }
    return {};
}

struct named_rule {
    const char* name;
    bool rules::*rule;
};

void PrintTo(const named_rule& one, std::ostream* to) { *to << one.name; }

class each_rule : public testing::TestWithParam<named_rule> {};

TEST_P(each_rule, is_needed) {
    const std::string trace = broken_without(GetParam().rule);
    EXPECT_NE(trace, "") << "no promise is broken without it";
    RecordProperty("trace", trace);
    if (std::getenv("FRESHET_TRACES") != nullptr) std::puts(trace.c_str());
}

INSTANTIATE_TEST_SUITE_P(of_versions, each_rule,
                         testing::Values(named_rule{"above_what_is_there", &rules::above_what_is_there},
                                         named_rule{"above_what_was_consumed", &rules::above_what_was_consumed},
                                         named_rule{"clock_outlives_a_crash", &rules::clock_outlives_a_crash},
                                         named_rule{"node_in_version", &rules::node_in_version},
                                         named_rule{"told_before_applied", &rules::told_before_applied},
                                         named_rule{"applied_before_told", &rules::applied_before_told},
                                         named_rule{"own_changes_are_consumed", &rules::own_changes_are_consumed},
                                         named_rule{"only_newer_is_applied", &rules::only_newer_is_applied},
                                         named_rule{"over_what_was_seen", &rules::over_what_was_seen},
                                         named_rule{"tombstones", &rules::tombstones},
                                         named_rule{"tombstones_of_nothing", &rules::tombstones_of_nothing},
                                         named_rule{"old_sets_are_deletes", &rules::old_sets_are_deletes}),
                         [](const auto& one) { return std::string(one.param.name); });

}  // namespace
}  // namespace freshet::test
