#include <freshet/config.hpp>

#include "store/pool/placement/ketama.hpp"
#include "store/pool/placement/placement.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace freshet {
namespace {

constexpr auto ketama = placement_kind::ketama;
constexpr auto modula = placement_kind::modula;

std::vector<server_address> alike(unsigned count) {
    std::vector<server_address> servers;
    for (unsigned i = 1; i <= count; ++i) servers.push_back({"10.0.0." + std::to_string(i)});
    return servers;
}

std::string key(unsigned i) { return "key:" + std::to_string(i); }

std::string servers_of(const placement& p, const std::vector<std::string>& keys) {
    std::string text;
    for (const auto& k : keys) text += std::to_string(p.server_of(k));
    return text;
}

/// Of 100,000 keys each server's share, in thousandths.
std::vector<unsigned> shares(const placement& p, std::size_t servers) {
    std::vector<unsigned> counts(servers);
    for (unsigned i = 0; i < 100'000; ++i) ++counts.at(p.server_of(key(i)));
    for (unsigned& c : counts) c /= 100;
    return counts;
}

std::vector<std::string> first_keys(unsigned count) {
    std::vector<std::string> keys;
    for (unsigned i = 0; i < count; ++i) keys.push_back(key(i));
    return keys;
}

const std::vector<server_address> mixed{
    {"10.0.0.1", 11211, 3}, {"cache.example.com", 22122, 7}, {"/run/memcached.sock", 0, 11}};
const std::vector<std::string> odd{"\xc3\xa9t\xc3\xa9", "a{b}c", "b", "{}", "x{}y", "\xff\xfe"};

// What stands here was printed by libmemcached 1.1.4; tests/integration/placement_test.cpp asks it itself.
TEST(placement, puts_keys_where_libmemcached_does) {
    const auto k = make_placement(ketama, mixed, "");
    EXPECT_EQ(servers_of(*k, first_keys(40)), "2211112211212121202221120102121122222221");
    EXPECT_EQ(servers_of(*k, odd), "212122");
    const auto m = make_placement(modula, mixed, "");
    EXPECT_EQ(servers_of(*m, first_keys(40)), "2221111111221111111112112222000000001111");
#ifndef __CHAR_UNSIGNED__  // where a char has no sign libmemcached places bytes above 127 otherwise
    EXPECT_EQ(servers_of(*m, odd), "222022");
#endif
}

TEST(placement, in_a_pool_of_one_finds_it) {
    for (const auto kind : {ketama, modula}) {
        const auto p = make_placement(kind, {{"10.0.0.1", 11211, 7}}, "{}");
        for (unsigned i = 0; i < 100; ++i) EXPECT_EQ(p->server_of(key(i)), 0U);
    }
}

TEST(placement, by_ketama_gives_each_server_its_weights_share) {
    const auto p = make_placement(ketama, {{"10.0.0.1", 11211, 1}, {"10.0.0.2", 11211, 2}, {"10.0.0.3", 11211, 5}}, "");
    const auto s = shares(*p, 3);
    EXPECT_NEAR(s[0], 125, 40);
    EXPECT_NEAR(s[1], 250, 50);
    EXPECT_NEAR(s[2], 625, 60);
}

TEST(placement, of_ten_servers_none_is_left_out) {
    for (const auto kind : {ketama, modula}) {
        const auto s = shares(*make_placement(kind, alike(10), ""), 10);
        EXPECT_GT(*std::min_element(s.begin(), s.end()), 50U);
        EXPECT_LT(*std::max_element(s.begin(), s.end()), 150U);
    }
}

TEST(placement, by_ketama_moves_keys_only_to_the_server_that_is_new) {
    const auto before = make_placement(ketama, alike(9), "");
    const auto after = make_placement(ketama, alike(10), "");
    unsigned moved = 0;
    for (unsigned i = 0; i < 10'000; ++i) {
        if (after->server_of(key(i)) == before->server_of(key(i))) continue;
        EXPECT_EQ(after->server_of(key(i)), 9U);
        ++moved;
    }
    EXPECT_NEAR(moved, 1'000, 300);
}

TEST(placement, by_modula_knows_no_weights) {
    const auto weighted = make_placement(modula, {{"a", 1, 1}, {"b", 2, 9}}, "");
    const auto even = make_placement(modula, {{"a", 1, 1}, {"b", 2, 1}}, "");
    EXPECT_EQ(servers_of(*weighted, first_keys(100)), servers_of(*even, first_keys(100)));
}

TEST(placement, takes_no_weight_for_one) {
    const auto none = make_placement(ketama, {{"a", 1, 0}, {"b", 2, 3}}, "");
    const auto one = make_placement(ketama, {{"a", 1, 1}, {"b", 2, 3}}, "");
    EXPECT_EQ(servers_of(*none, first_keys(100)), servers_of(*one, first_keys(100)));
}

TEST(placement, leaves_a_server_that_is_named_again_without_keys) {
    const auto p = make_placement(ketama, {{"a", 1}, {"b", 2}, {"a", 1}}, "");
    EXPECT_EQ(shares(*p, 3)[2], 0U);
}

TEST(placement, by_hash_tag_asks_what_stands_between) {
    for (const auto kind : {ketama, modula}) {
        const auto whole = make_placement(kind, alike(50), "");
        const auto tagged = make_placement(kind, alike(50), "{}");
        const auto same = [&](std::string_view k, std::string_view part) {
            EXPECT_EQ(tagged->server_of(k), whole->server_of(part)) << k;
        };
        same("user:{1234}:name", "1234");
        same("{1234}", "1234");
        same("}{1234}", "1234");
        same("{12{34}", "12{34");
        same("{1}{2}", "1");
    }
}

TEST(placement, by_hash_tag_takes_the_whole_key_where_there_is_none) {
    for (const auto kind : {ketama, modula}) {
        const auto whole = make_placement(kind, alike(50), "");
        const auto tagged = make_placement(kind, alike(50), "{}");
        for (const auto k : {"user", "{1234", "1234}", "}1234{", "{}", "{}1234", "a{}b{c}", "{", "}"})
            EXPECT_EQ(tagged->server_of(k), whole->server_of(k)) << k;
    }
}

TEST(placement, by_hash_tag_knows_equal_characters) {
    const auto whole = make_placement(ketama, alike(50), "");
    const auto tagged = make_placement(ketama, alike(50), "##");
    EXPECT_EQ(tagged->server_of("a#1234#b"), whole->server_of("1234"));
    EXPECT_EQ(tagged->server_of("a##b"), whole->server_of("a##b"));
    EXPECT_EQ(tagged->server_of("a#b"), whole->server_of("a#b"));
}

TEST(continuum, has_160_points_for_each_server_on_average) {
    EXPECT_EQ(continuum{alike(1)}.points(), 160U);
    EXPECT_EQ(continuum{alike(10)}.points(), 1'600U);
    EXPECT_EQ((continuum{{{"a", 1, 1}, {"b", 2, 3}}}.points()), 80U + 240U);
    EXPECT_EQ((continuum{{{"a", 1, 3}, {"b", 2, 7}, {"c", 3, 11}}}.points()),
              68U + 160U + 248U);  // rounded down by fours
}

TEST(continuum, finds_a_server_at_every_end_of_the_circle) {
    const continuum c{alike(3)};
    EXPECT_EQ(c.server_at(UINT32_MAX), c.server_at(0));  // no point is so near to either end
    for (std::uint64_t hash = 0; hash <= UINT32_MAX; hash += 65'535)
        EXPECT_LT(c.server_at(static_cast<std::uint32_t>(hash)), 3U);
}

}  // namespace
}  // namespace freshet
