// Scenario 1: package records by name through a cache that has no room for all of them.
#pragma once

#include "base/progress.hpp"
#include "demo/figures.hpp"
#include "demo/packages.hpp"
#include "demo/server/server.hpp"

#include <cstddef>
#include <string>

namespace freshet::demonstration {

struct cache_outcome {
    std::size_t hits{0};
    std::size_t misses_from_source{0};   ///< filled by a call of it
    std::size_t misses_from_records{0};  ///< filled from what was read at the beginning, once the sample was used up
    figures all{};                       ///< gets and sets
    figures hit{};
    figures source{};

    std::size_t gets() const noexcept { return hits + misses_from_source + misses_from_records; }
    double hit_rate() const noexcept { return static_cast<double>(hits) / static_cast<double>(gets()); }
};

cache_outcome run_cache(const demo_server& server, const package_database& packages, const progress& shown);

}  // namespace freshet::demonstration
