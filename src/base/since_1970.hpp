// Dates as files, brokers and logs keep them: whole milliseconds since 1970.
#pragma once

#include <freshet/time.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace freshet {

inline std::int64_t ms_since_1970(wall::time_point t) noexcept {
    return std::chrono::duration_cast<milliseconds>(t.time_since_epoch()).count();
}

/// What no clock of this machine can tell, as another program may write it, is the nearest that one can.
inline wall::time_point from_ms_since_1970(std::int64_t ms) noexcept {
    constexpr auto first = std::chrono::ceil<milliseconds>(wall::duration::min()).count();
    constexpr auto last = std::chrono::floor<milliseconds>(wall::duration::max()).count();
    return wall::time_point(milliseconds(std::clamp(ms, first, last)));
}

}  // namespace freshet
