// memcached's times of expiry: seconds from now, or a date where they are too many. Stores and queues read them alike.
#pragma once

#include <cstdint>

namespace freshet {

/// Seconds: a larger exptime is a date.
inline constexpr std::int64_t exptime_relative_max = std::int64_t{60} * 60 * 24 * 30;

}  // namespace freshet
