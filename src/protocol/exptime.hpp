// memcached's times of expiry: seconds from now, or a date where they are too many. Stores and queues read them alike.
#pragma once

#include <freshet/time.hpp>

#include <algorithm>
#include <cstdint>

namespace freshet {

/// Seconds: a larger exptime is a date.
inline constexpr std::int64_t exptime_relative_max = std::int64_t{60} * 60 * 24 * 30;

/// When what is given this exptime expires; 1970: never.
inline wall::time_point expiry_of(std::int64_t exptime, wall::time_point now) noexcept {
    if (exptime == 0) return {};
    if (exptime <= exptime_relative_max) return now + seconds(std::max(exptime, std::int64_t{-1}));
    constexpr std::int64_t latest = std::chrono::floor<seconds>(wall::duration::max()).count();
    return wall::from_time_t(std::min(exptime, latest));
}

}  // namespace freshet
