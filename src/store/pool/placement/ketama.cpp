#include "store/pool/placement/ketama.hpp"

#include "store/pool/placement/md5.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>

namespace freshet {

namespace {

constexpr unsigned points_per_server = 160;  ///< on average
constexpr unsigned points_per_digest = 4;
constexpr std::uint16_t unnamed_port = 11'211;

unsigned weight_of(const server_address& s) { return s.weight == 0 ? 1 : s.weight; }

/// In float and in this order, as libmemcached does: a server's number of points depends on how it rounds.
unsigned digests_of(const server_address& s, std::uint64_t total_weight, std::size_t servers) {
    const float share = static_cast<float>(weight_of(s)) / static_cast<float>(total_weight);
    const float digests = share * points_per_server / points_per_digest * static_cast<float>(servers) + 0.0000000001F;
    return static_cast<unsigned>(std::floor(digests));
}

std::string name_of(const server_address& s) {
    return s.port == unnamed_port ? s.host : s.host + ":" + std::to_string(s.port);
}

}  // namespace

continuum::continuum(const std::vector<server_address>& servers) {
    std::uint64_t total_weight = 0;
    for (const auto& s : servers) total_weight += weight_of(s);

    for (std::size_t i = 0; i < servers.size(); ++i) {
        const std::string name = name_of(servers[i]) + "-";
        const unsigned digests = digests_of(servers[i], total_weight, servers.size());
        for (unsigned n = 0; n < digests; ++n)
            for (const std::uint32_t place : md5(name + std::to_string(n)))
                points_.push_back({place, static_cast<std::uint32_t>(i)});
    }
    // Of points at one place the first server's is found.
    std::sort(points_.begin(), points_.end(),
              [](point a, point b) { return a.place != b.place ? a.place < b.place : a.server < b.server; });
    points_.push_back({UINT32_MAX, points_.front().server});

    const auto bits = static_cast<unsigned>(std::bit_width(points_.size()));  // one or two parts per point
    shift_ = 32 - bits;
    starts_.reserve(std::size_t{1} << bits);
    std::uint32_t next = 0;
    for (std::uint64_t part = 0; part < std::uint64_t{1} << bits; ++part) {
        while (points_[next].place < part << shift_) ++next;
        starts_.push_back(next);
    }
}

}  // namespace freshet
