// Records are written at each of two sites and looked for at the other, until they can be read there.
#pragma once

#include "demo/figures.hpp"
#include "demo/sites/site.hpp"

#include <chrono>
#include <cstddef>

namespace freshet::demonstration {

struct journey_outcome {
    std::size_t written{0};     ///< answered STORED
    std::size_t not_stored{0};  ///< answered otherwise
    std::size_t unread{0};      ///< of those written, which the other site did not have in time
    figures told{};
    figures readable{};
};

/// Each record once, in turn at the one site and the other, as many as there is time for.
journey_outcome run_journey(booked_site one, booked_site other, std::chrono::milliseconds time);

}  // namespace freshet::demonstration
