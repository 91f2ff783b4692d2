// The two clocks and the units of time, here and in every other header.
#pragma once

#include <chrono>

namespace freshet {

/// Deadlines and leases; never goes back.
using steady = std::chrono::steady_clock;
/// What is kept on disk or shown to others; milliseconds since 1970.
using wall = std::chrono::system_clock;
using milliseconds = std::chrono::milliseconds;
using seconds = std::chrono::seconds;

}  // namespace freshet
