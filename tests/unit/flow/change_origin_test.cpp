#include "flow/apply/change_origin.hpp"

#include <freshet/config.hpp>
#include <freshet/time.hpp>

#include "support/temporary_folder.hpp"
#include "version/kept_clock.hpp"
#include "version/version.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

namespace freshet::test {
namespace {

const auto later = seconds(5);

class origin : public testing::Test {
protected:
    version given() {
        std::optional<version> v;
        while (!v) v = clock->next(0, wall::now());
        return *v;
    }
    version of_node(unsigned node, milliseconds ahead = later) { return version_above(0, wall::now() + ahead, node); }

    temporary_folder folder;
    std::unique_ptr<kept_clock> clock = *kept_clock::open(folder.file("clock"), 7);
    site_config here{"fra", 7, seconds(600)};
    std::optional<change_origin> subject{std::in_place, here, *clock};
    steady::time_point now = steady::now();
};

TEST_F(origin, a_twin_at_another_site_is_told_once_in_a_while) {
    const auto told = subject->twin(of_node(7), "nyc", now);
    ASSERT_TRUE(told);
    EXPECT_NE(told->find("node 7"), std::string::npos);
    EXPECT_NE(told->find("site 'nyc'"), std::string::npos);
    EXPECT_FALSE(subject->twin(of_node(7), "nyc", now + seconds(1)));
    EXPECT_TRUE(subject->twin(of_node(7), "nyc", now + seconds(600)));
}

TEST_F(origin, a_twin_at_this_site_is_known_by_what_this_process_has_not_given) {
    const version mine = given();
    EXPECT_FALSE(subject->twin(mine, "fra", now));
    EXPECT_TRUE(subject->twin(mine + (1U << node_bits), "fra", now));
}

TEST_F(origin, others_are_no_twins) {
    EXPECT_FALSE(subject->twin(of_node(8), "fra", now));
    EXPECT_FALSE(subject->twin(of_node(8), "nyc", now));
    EXPECT_FALSE(subject->twin(of_node(7), "", now)) << "of a program that gives versions its own way";
}

TEST_F(origin, what_this_process_was_before_it_was_started_is_no_twin) {
    const version before = given();
    subject.reset();
    clock.reset();
    clock = *kept_clock::open(folder.file("clock"), 7);
    subject.emplace(here, *clock);
    EXPECT_FALSE(subject->twin(before, "fra", now));
    EXPECT_FALSE(subject->twin(before, "fra-as-it-was-called", now));
}

TEST_F(origin, a_clock_that_is_ahead_is_told_once_in_a_while) {
    EXPECT_FALSE(subject->lead(of_node(8), "nyc", now));
    const auto told = subject->lead(of_node(8, seconds(3'600)), "nyc", now);
    ASSERT_TRUE(told);
    EXPECT_NE(told->find("site 'nyc', node 8"), std::string::npos);
    EXPECT_FALSE(subject->lead(of_node(8, seconds(3'600)), "nyc", now + seconds(1)));
    EXPECT_TRUE(subject->lead(of_node(0, seconds(3'600)), "", now + seconds(600)));
}

TEST_F(origin, what_is_more_than_a_day_ahead_is_refused) {
    EXPECT_FALSE(subject->refusal(of_node(8), "nyc"));
    EXPECT_FALSE(subject->refusal(of_node(8, std::chrono::hours(23)), "nyc"));
    const auto why = subject->refusal(of_node(8, std::chrono::hours(25)), "nyc");
    ASSERT_TRUE(why);
    EXPECT_NE(why->find("site 'nyc', node 8"), std::string::npos);
    EXPECT_NE(why->find("more than 24 hours ahead of this machine's clock"), std::string::npos);
}

}  // namespace
}  // namespace freshet::test
