#include <freshet/time.hpp>

#include "flow/http/http.hpp"
#include "flow/worker.hpp"

#include <gtest/gtest.h>

using namespace freshet;
using namespace std::chrono_literals;
using verdict = enum work_result::verdict;

TEST(retry_after, is_seconds_or_a_date) {
    const wall::time_point now = std::chrono::sys_days(std::chrono::year(1994) / 11 / 6) + 8h + 49min + 30s;
    EXPECT_EQ(parse_retry_after("120", now), 120s);
    EXPECT_EQ(parse_retry_after("0", now), 0s);
    EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now), 7s);
    EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:07 GMT", now), 0s);
    for (const char* text :
         {"", "-1", "1.5", "soon", "Sun, 06 Non 1994 08:49:37 GMT", "Sun, 36 Nov 1994 08:49:37 GMT", "99999999999"})
        EXPECT_EQ(parse_retry_after(text, now), 0s) << text;
}

TEST(status, says_whether_another_attempt_may_help) {
    for (const unsigned s : {400U, 401U, 404U, 410U, 413U, 422U, 499U}) EXPECT_EQ(judge_status(s), verdict::dead) << s;
    for (const unsigned s : {301U, 304U, 408U, 425U, 429U, 500U, 502U, 503U, 599U})
        EXPECT_EQ(judge_status(s), verdict::retry) << s;
}
