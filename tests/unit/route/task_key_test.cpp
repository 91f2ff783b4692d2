#include <freshet/time.hpp>

#include "route/task_key.hpp"

#include <gtest/gtest.h>

namespace freshet {
namespace {

TEST(task_key, forms_that_exist_are_read) {
    EXPECT_TRUE(parse_task_key("")->plain());
    EXPECT_EQ(parse_task_key("#4711")->id, "4711");
    EXPECT_EQ(parse_task_key("#a/open#b")->id, "a/open#b");
    EXPECT_TRUE(parse_task_key("/open")->open);
    EXPECT_TRUE(parse_task_key("/close")->close);
    EXPECT_TRUE(parse_task_key("/abort")->abort);
    const auto both = parse_task_key("/close/open/t=300");
    ASSERT_TRUE(both);
    EXPECT_TRUE(both->close && both->open);
    EXPECT_EQ(both->wait, milliseconds(300));
    EXPECT_TRUE(parse_task_key("/t=300/open"));
    EXPECT_EQ(parse_task_key("/18446744073709551615")->number, ~std::uint64_t{0});
}

TEST(task_key, waits_end_after_a_minute) {
    EXPECT_EQ(parse_task_key("/t=60001")->wait, task_wait_max);
    EXPECT_EQ(parse_task_key("/t=18446744073709551615")->wait, task_wait_max);
    EXPECT_TRUE(parse_task_key("/t=0")->plain());
}

TEST(task_key, other_forms_are_refused) {
    for (const auto* rest :
         {"#",       "/",          "//open",      "/open/",      "open",        "x",
          "/Open",   "/open/open", "/open/close", "/abort/open", "/open/abort", "/7/open",
          "/open/7", "/7/8",       "/0",          "/-1",         "/+1",         "/18446744073709551616",
          "/t=",     "/t=x",       "/t=-1",       "/t=1s",       "/peek"}) {
        EXPECT_FALSE(parse_task_key(rest)) << rest;
    }
}

}  // namespace
}  // namespace freshet
