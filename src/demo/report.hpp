// What the demo tells in the end, to people or to programs.
#pragma once

#include <freshet/time.hpp>

#include "demo/bulk.hpp"
#include "demo/cache.hpp"
#include "demo/sites/sites.hpp"
#include "demo/tasks.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace freshet::demonstration {

struct report {
    std::string source{};  ///< of the records
    std::size_t records{0};
    std::size_t record_bytes{0};
    std::size_t cache_bytes{0};       ///< of the store in memory
    std::vector<std::string> pool{};  ///< servers that are the store instead
    std::string queue{"a journal"};   ///< or the broker that has the tasks
    double seconds{0};                ///< of the whole demo
    cache_outcome cache{};
    tasks_outcome tasks{};
    bulk_outcome bulk{};
    std::optional<sites_outcome> sites{};  ///< where there is another one
};

/// What each scenario did, in a few lines; told when it is done.
std::string describe_input(const report& r);
std::string describe_cache(const report& r);
std::string describe_tasks(const report& r);
std::string describe(const bulk_outcome& b);
std::string describe_sites(const report& r);

/// The table, Little's law, and what to try next with the program at this path.
std::string conclude(const report& r, const std::string& program);

std::string to_json(const report& r);

}  // namespace freshet::demonstration
