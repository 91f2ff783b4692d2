#include "config/url/http_url.hpp"

#include <gtest/gtest.h>

namespace freshet {
namespace {

TEST(http_url, is_taken_apart) {
    const result<http_url> url = parse_http_url("http://127.0.0.1:9000/resize?w=200");
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
    for (const char* text : {"",
                             "ftp://a/",
                             "http://",
                             "http:///x",
                             "http://a:0/",
                             "http://a:65536/",
                             "http://a:x/",
                             "http://[::1/",
                             "http://[::1]x/",
                             "http://u:p@a/",
                             "http://a/b c",
                             "http://a/\n",
                             "https://",
                             "https:/a",
                             "http://a%20b/",
                             "http://[x]/",
                             "http://a\\b/",
                             "http://a/#x",
                             "http://\u00fc/",
                             "http://a/\u00fc",
                             "http://a,b/"})
        EXPECT_FALSE(parse_http_url(text)) << text;
    EXPECT_EQ(parse_http_url("ftp://me:hush@a/").error().text,
              "'ftp://...@a/' cannot be called; write \"http://HOST[:PORT]/PATH\", \"https://...\", or "
              "{ exec = [\"/PATH\", ...] } for a program");
}

}  // namespace
}  // namespace freshet
