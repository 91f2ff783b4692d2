#include <freshet/error.hpp>
#include <freshet/time.hpp>

#include "flow/http/http.hpp"
#include "flow/worker.hpp"

#include <gtest/gtest.h>

using namespace freshet;
using namespace std::chrono_literals;
using verdict = enum work_result::verdict;

TEST(http_url, is_taken_apart) {
    const result<http_url> url = parse_http_url("http://127.0.0.1:9000/resize?w=200#top");
    ASSERT_TRUE(url);
    EXPECT_EQ(url->host, "127.0.0.1");
    EXPECT_EQ(url->port, 9000);
    EXPECT_EQ(url->text, "http://127.0.0.1:9000/resize?w=200");
    EXPECT_FALSE(url->tls);
    EXPECT_EQ(url->authority, "127.0.0.1:9000");
}

TEST(http_url, has_defaults) {
    const result<http_url> url = parse_http_url("http://worker?x");
    ASSERT_TRUE(url);
    EXPECT_EQ(url->host, "worker");
    EXPECT_EQ(url->port, 80);
    const result<http_url> secured = parse_http_url("https://worker");
    ASSERT_TRUE(secured);
    EXPECT_EQ(secured->port, 443);
    EXPECT_TRUE(secured->tls);
}

TEST(http_url, takes_an_ipv6_address_in_brackets) {
    const result<http_url> url = parse_http_url("http://[::1]:81");
    ASSERT_TRUE(url);
    EXPECT_EQ(url->host, "::1");
    EXPECT_EQ(url->port, 81);
    EXPECT_EQ(url->authority, "[::1]:81");
    EXPECT_TRUE(parse_http_url("http://[::1]/"));
}

TEST(http_url, with_mistakes_is_refused_with_a_sentence) {
    for (const char* text : {"", "ftp://a/", "http://", "http:///x", "http://a:0/", "http://a:65536/", "http://a:x/",
                             "http://[::1/", "http://[::1]x/", "http://u:p@a/", "http://a/b c", "http://a/\n",
                             "https://", "https:/a", "http://a%20b/", "http://[x]/", "http://a\\b/"})
        EXPECT_FALSE(parse_http_url(text)) << text;
    EXPECT_EQ(parse_http_url("ftp://a/").error().text,
              "\"ftp://a/\" is no URL for a flow: it must begin with http:// or https://");
}

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
