#include <freshet/config.hpp>

#include "bench/load/endpoint.hpp"
#include "bench/options.hpp"

#include <gtest/gtest.h>

namespace freshet::load {
namespace {

TEST(bench_options, a_ratio_is_two_numbers_and_not_both_0) {
    EXPECT_EQ(parse_ratio("9:1")->gets, 9U);
    EXPECT_EQ(parse_ratio("9:1")->sets, 1U);
    EXPECT_EQ(parse_ratio("0:1")->gets, 0U);
    EXPECT_EQ(parse_ratio("1:0")->sets, 0U);
    for (const char* wrong : {"", "9", "9:", ":1", "0:0", "-1:2", "9:1:1", "a:b", "9 : 1", "1.5:1", "9:99999999999999"})
        EXPECT_FALSE(parse_ratio(wrong)) << wrong;
}

TEST(bench_options, a_skew_is_uniform_or_zipf_with_an_exponent) {
    EXPECT_EQ(parse_skew("uniform"), 0.0);
    EXPECT_EQ(parse_skew("zipf:0.99"), 0.99);
    EXPECT_EQ(parse_skew("zipf:10"), 10.0);
    for (const char* wrong :
         {"", "zipf", "zipf:", "zipf:0", "zipf:-1", "zipf:11", "zipf:nan", "zipf:inf", "zipf:1x", "Uniform"})
        EXPECT_FALSE(parse_skew(wrong)) << wrong;
}

TEST(bench_options, a_protocol_is_one_of_three) {
    EXPECT_EQ(parse_protocol("classic"), protocol::classic);
    EXPECT_EQ(parse_protocol("meta"), protocol::meta);
    EXPECT_EQ(parse_protocol("resp"), protocol::resp);
    for (const char* wrong : {"", "Meta", "redis", "resp "}) EXPECT_FALSE(parse_protocol(wrong)) << wrong;
}

TEST(bench_options, an_address_is_one_that_can_be_connected_to) {
    for (const char* right : {"127.0.0.1:11211", "localhost:1", "[::1]:11211", "unix:/run/x", "a-b.c:65535"})
        EXPECT_EQ(wrong_address(right), "") << right;
    for (const char* wrong :
         {"", "11211", "host", "host:", "host:0", "host:65536", "::1:11211", "*:11211", "unix:x", "unix:/"})
        EXPECT_NE(wrong_address(wrong), "") << wrong;
}

TEST(bench_options, what_does_not_fit_together_is_named) {
    cache_options cache;
    cache.address = "h:1";
    EXPECT_EQ(cache.wrong(), "");
    cache.threads = 51;
    EXPECT_NE(cache.wrong().find("51 threads"), std::string::npos);
    queue_options queue;
    queue.address = "h:1";
    EXPECT_EQ(queue.wrong(), "");
    queue.key = std::string(201, 'k');
    EXPECT_NE(queue.wrong(), "");
}

}  // namespace
}  // namespace freshet::load
