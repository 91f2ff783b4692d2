#include <freshet/config.hpp>
#include <freshet/error.hpp>
#include <freshet/message.hpp>
#include <freshet/time.hpp>

#include "flow/runner.hpp"
#include "protocol/exptime.hpp"

#include <gtest/gtest.h>

using namespace freshet;
using namespace std::chrono_literals;

namespace {

queue_options with_backoff(milliseconds min, milliseconds max) {
    queue_options o;
    o.backoff_min = min;
    o.backoff_max = max;
    return o;
}

std::string key_of(std::string_view pattern, const message& m) {
    const result<std::string> key = result_key(pattern, m, "thumbs");
    return key ? *key : "refused: " + key.error().text;
}

}  // namespace

TEST(backoff, doubles_from_the_least_to_the_most) {
    const queue_options o = with_backoff(1s, 10s);
    EXPECT_EQ(backoff(o, 1, 0), 1s);
    EXPECT_EQ(backoff(o, 2, 0), 2s);
    EXPECT_EQ(backoff(o, 4, 0), 8s);
    EXPECT_EQ(backoff(o, 5, 0), 10s);
    EXPECT_EQ(backoff(o, 4'000'000'000U, 0), 10s);
}

TEST(backoff, jitter_adds_up_to_a_quarter_and_never_passes_the_most) {
    const queue_options o = with_backoff(1s, 10s);
    EXPECT_EQ(backoff(o, 1, 1), 1250ms);
    EXPECT_EQ(backoff(o, 3, 0.5), 4500ms);
    EXPECT_EQ(backoff(o, 9, 1), 10s);
}

TEST(attempts, the_last_one_is_the_limit_and_none_is_where_there_is_no_limit) {
    queue_options o;
    o.max_attempts = 3;
    EXPECT_FALSE(is_last_attempt(o, 2));
    EXPECT_TRUE(is_last_attempt(o, 3));
    EXPECT_FALSE(is_exhausted(o, 3));
    EXPECT_TRUE(is_exhausted(o, 4));
    o.max_attempts = 0;
    EXPECT_FALSE(is_last_attempt(o, 1'000));
    EXPECT_FALSE(is_exhausted(o, 1'000));
}

TEST(result_key, is_filled_in_once) {
    message m;
    m.id = "7{key}";
    m.key = "cat";
    EXPECT_EQ(key_of("result:{id}", m), "result:7{key}");
    EXPECT_EQ(key_of("{queue}/{key}/{id}{id}", m), "thumbs/cat/7{key}7{key}");
    EXPECT_EQ(key_of("fixed{", m), "fixed{");
}

TEST(result_key, that_no_store_takes_is_refused) {
    message m;
    m.id = std::string(244, 'x');
    EXPECT_EQ(key_of("abcde:{id}", m).size(), 250U);
    EXPECT_EQ(key_of("result:{id}", m), "refused: the key of the result is longer than 250 bytes");
    m.id = "a b";
    EXPECT_EQ(key_of("result:{id}", m), "refused: the key of the result has blanks or control characters");
    m.id = std::string("a\0b", 3);
    EXPECT_EQ(key_of("result:{id}", m), "refused: the key of the result has blanks or control characters");
    EXPECT_EQ(key_of("{key}", m), "refused: the key of the result is empty");
}

TEST(exptime, of_more_than_thirty_days_is_a_date) {
    const wall::time_point now{1'000'000s};
    EXPECT_EQ(exptime(0s, now), 0);
    EXPECT_EQ(exptime(3600s, now), 3600);
    EXPECT_EQ(exptime(30 * 24 * 3600s, now), 30 * 24 * 3600);
    EXPECT_EQ(exptime(31 * 24 * 3600s, now), 1'000'000 + 31 * 24 * 3600);
}

TEST(one_line, has_no_control_characters) {
    EXPECT_EQ(one_line("\n a\tb\r\nc \n"), "a b  c");
    EXPECT_EQ(one_line(" \n"), "");
}
