// libmemcached itself is asked where keys lie; no server runs.
#include <freshet/config.hpp>

#include "protocol/request.hpp"
#include "server/server.hpp"
#include "store/pool/placement/placement.hpp"

#include <gtest/gtest.h>
#include <libmemcached/memcached.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

namespace freshet {
namespace {

constexpr unsigned keys_count = 100'000;
constexpr std::size_t key_size_max = 250;

/// Any bytes but blanks and controls, of every length that a key can have.
const std::vector<std::string>& keys() {
    static const std::vector<std::string> made = [] {
        std::mt19937 random{20'240'501};
        std::vector<std::string> drawn(keys_count);
        for (std::size_t i = 0; i < drawn.size(); ++i) {
            drawn[i].resize(1 + i % key_size_max);
            for (char& c : drawn[i]) {
                do c = static_cast<char>('!' + random() % 223);
                while (c == 0x7f);
            }
        }
        return drawn;
    }();
    return made;
}

using pool = std::unique_ptr<memcached_st, decltype(&memcached_free)>;

pool make_pool(placement_kind kind, const std::vector<server_address>& servers) {
    pool made{memcached_create(nullptr), &memcached_free};
    if (kind == placement_kind::ketama) memcached_behavior_set(made.get(), MEMCACHED_BEHAVIOR_KETAMA_WEIGHTED, 1);
    for (const auto& s : servers) {
        const auto result = s.port == 0
                                ? memcached_server_add_unix_socket_with_weight(made.get(), s.host.c_str(), s.weight)
                                : memcached_server_add_with_weight(made.get(), s.host.c_str(), s.port, s.weight);
        EXPECT_EQ(result, MEMCACHED_SUCCESS) << s.host;
    }
    return made;
}

enum class named { by_address, by_port, by_socket, by_name, by_all };

server_address make_server(named how, unsigned i, unsigned weight) {
    const std::string number = std::to_string(i);
    switch (how) {
        case named::by_address: return {"10.0." + std::to_string(i / 7) + "." + number, 11'211, weight};
        case named::by_port: return {"127.0.0.1", static_cast<std::uint16_t>(11'209 + i), weight};
        case named::by_socket: return {"/run/memcached/" + number + ".sock", 0, weight};
        case named::by_name: return {"cache-" + number + ".example.com", 22'122, weight};
        case named::by_all: break;
    }
    return make_server(static_cast<named>(i % 4), i, weight);
}

std::vector<unsigned> drawn_weights(unsigned count, unsigned most) {
    std::mt19937 random{count};
    std::vector<unsigned> weights(count);
    for (unsigned& w : weights) w = 1 + random() % most;
    return weights;
}

void compare(placement_kind kind, const std::vector<server_address>& servers) {
    const auto theirs = make_pool(kind, servers);
    const auto ours = make_placement(kind, servers, "");
    unsigned differ = 0;
    for (const auto& k : keys())
        if (ours->server_of(k) != memcached_generate_hash(theirs.get(), k.data(), k.size())) ++differ;
    EXPECT_EQ(differ, 0U) << "of " << keys_count << " keys on " << servers.size() << " servers, the first "
                          << servers[0].host << ':' << servers[0].port << " with weight " << servers[0].weight;
}

void compare_all(placement_kind kind, named how, const std::vector<std::vector<unsigned>>& pools) {
    for (const auto& weights : pools) {
        std::vector<server_address> servers;
        for (const unsigned w : weights) servers.push_back(make_server(how, static_cast<unsigned>(servers.size()), w));
        compare(kind, servers);
    }
}

void compare_all(placement_kind kind) {
    for (const auto how : {named::by_address, named::by_port, named::by_socket, named::by_name})
        compare_all(kind, how, {{1, 1}, {3, 7, 11}, drawn_weights(50, 100)});
    compare_all(kind, named::by_all,
                {{1},
                 {9},
                 {1, 2},
                 {0, 1},
                 {1, 1'000},
                 {1, 1, 1},
                 {1, 1, 5},
                 {1, 100'000, 3},
                 std::vector<unsigned>(10, 1),
                 drawn_weights(10, 5),
                 std::vector<unsigned>(50, 3),
                 drawn_weights(37, 1U << 30)});
}

TEST(placement, by_ketama_is_libmemcacheds) { compare_all(placement_kind::ketama); }

TEST(placement, by_modula_is_libmemcacheds) { compare_all(placement_kind::modula); }

TEST(placement, of_equal_points_is_libmemcacheds) {
    compare(placement_kind::ketama, {{"a", 1, 1}, {"b", 1, 2}, {"a", 1, 3}, {"b", 1, 2}});
}

}  // namespace
}  // namespace freshet
