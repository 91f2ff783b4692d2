// Pauses that differ a little: those that failed together do not all try again together.
#pragma once

#include <freshet/time.hpp>

#include <cstdint>
#include <random>

namespace freshet {

/// 3/4 to 5/4 of it.
inline milliseconds jittered(milliseconds time, std::minstd_rand& random) {
    const auto half = static_cast<std::uint64_t>(time.count()) / 2 + 1;
    return time * 3 / 4 + milliseconds(static_cast<std::int64_t>(random() % half));
}

}  // namespace freshet
