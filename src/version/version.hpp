// The version of a value: of two writes of a key the one with the higher version stays, at every site.
#pragma once

#include <freshet/time.hpp>

#include "base/since_1970.hpp"

#include <algorithm>
#include <cstdint>

namespace freshet {

/// 44 bits of milliseconds since 1970, 10 bits that count within one, 10 bits of the node that gave it. 0: none.
/// Stores keep it as the item's CAS value.
using version = std::uint64_t;

inline constexpr unsigned node_bits = 10, counter_bits = 10;
inline constexpr unsigned node_max = (1U << node_bits) - 1;
/// All versions are above it, and the CAS values that a server gives by itself are below.
inline constexpr version lowest_version = version{1} << 50;
/// What another program gives is no version from here on: none could be above it (in the year 2248).
inline constexpr version version_end = version{1} << 63;

/// The first version of a moment. Dates before 1970 are 1970.
inline version version_at(wall::time_point date) noexcept {
    return static_cast<version>(std::max<std::int64_t>(ms_since_1970(date), 0)) << (counter_bits + node_bits);
}
/// It is the first of its moment and of node 0, as one is that stands for a message's time.
constexpr bool is_of_a_time(version v) noexcept { return (v & ((version{1} << (counter_bits + node_bits)) - 1)) == 0; }
constexpr unsigned node_of(version v) noexcept { return static_cast<unsigned>(v & node_max); }
/// When it was given, by the clock of who gave it, or later: a clock that is behind counts on.
inline wall::time_point time_of(version v) noexcept {
    return from_ms_since_1970(static_cast<std::int64_t>(v >> (counter_bits + node_bits)));
}

/// The lowest version of `node` that is above `last` and not before `now`. The counter overflows into the milliseconds.
inline version version_above(version last, wall::time_point now, unsigned node) noexcept {
    const version counted = ((last >> node_bits) + 1) << node_bits;
    return std::max(version_at(now), counted) | node;
}

}  // namespace freshet
