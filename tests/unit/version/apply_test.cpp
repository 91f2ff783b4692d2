#include "version/apply.hpp"

#include <freshet/time.hpp>

#include "version/change.hpp"
#include "version/version.hpp"

#include <gtest/gtest.h>

namespace freshet::test {
namespace {

using answer = applying_answer;

const wall::time_point moment{milliseconds{1'800'000'000'000}};
const version now = version_above(0, moment, 3), later = version_above(now, moment, 3),
              of_its_time = version_at(moment);

/// How it ends where a look finds `found`, and all that is asked behind it is done.
applied result_over(change_kind kind, version v, version found, version end = version_end) {
    application a(change{kind, v, 0}, end);
    while (const auto step = a.step(false)) {
        if (*step == applying_step::look) a.take(answer::present, found);
        else a.take(*step == applying_step::put_anew ? answer::present : answer::done);
    }
    return a.result();
}

TEST(application, of_two_versions_the_higher_stays) {
    for (const auto kind : {change_kind::set, change_kind::remove}) {
        EXPECT_EQ(result_over(kind, later, now), applied::yes);
        EXPECT_EQ(result_over(kind, now, later), applied::not_newer);
        EXPECT_EQ(result_over(kind, now, now), applied::not_newer);
    }
}

TEST(application, goes_over_what_is_too_far_ahead_to_be_a_version) {
    for (const auto kind : {change_kind::set, change_kind::remove}) {
        EXPECT_EQ(result_over(kind, now, later, later), applied::yes);
        EXPECT_EQ(result_over(kind, now, now, later), applied::not_newer);
    }
}

TEST(application, of_a_set_and_a_delete_of_one_time_the_delete_stays) {
    EXPECT_EQ(result_over(change_kind::remove, of_its_time, of_its_time), applied::yes);
    EXPECT_EQ(result_over(change_kind::set, of_its_time, of_its_time), applied::not_newer);
    EXPECT_EQ(result_over(change_kind::remove, of_its_time, now), applied::not_newer);
}

TEST(application, that_is_expected_to_be_there_is_looked_at_first) {
    const change set{change_kind::set, now, 0};
    application a(set, version_end, true);
    EXPECT_EQ(a.step(false), applying_step::look);
    a.take(answer::present, now);
    EXPECT_EQ(a.step(false), std::nullopt);
    EXPECT_EQ(a.result(), applied::not_newer);

    application gone(set, version_end, true);
    gone.take(answer::absent);
    EXPECT_EQ(gone.step(false), applying_step::put_anew);
}

}  // namespace
}  // namespace freshet::test
