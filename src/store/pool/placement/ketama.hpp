// Ketama's continuum: points on a circle of 2^32, each of which belongs to a server; a key belongs to the next point.
// Point for point as libmemcached 1.1.4 makes it with MEMCACHED_BEHAVIOR_KETAMA_WEIGHTED.
#pragma once

#include <freshet/config.hpp>

#include "store/pool/placement/placement.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace freshet {

class continuum {
public:
    /// `servers` is not empty.
    explicit continuum(const std::vector<server_address>& servers);

    /// Whose the first point at or behind `hash` is.
    std::size_t server_at(std::uint32_t hash) const noexcept {
        std::size_t i = starts_[hash >> shift_];
        while (points_[i].place < hash) ++i;
        return points_[i].server;
    }

    std::size_t points() const noexcept { return points_.size() - 1; }

private:
    struct point {
        std::uint32_t place;
        std::uint32_t server;
    };
    std::vector<point>
        points_;  ///< by place; at the end the first point again, at the highest place, as the circle closes
    std::vector<std::uint32_t>
        starts_;      ///< the circle in 2^k equal parts: the first point at or behind each part's start
    unsigned shift_;  ///< 32 - k
};

}  // namespace freshet
