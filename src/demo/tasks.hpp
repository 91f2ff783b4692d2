// Scenario 2: a task for each installed package, and a server that is killed in the middle of them.
#pragma once

#include "base/progress.hpp"
#include "demo/figures.hpp"
#include "demo/server/server.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace freshet::demonstration {

inline constexpr std::size_t tasks_max = 300, task_calls = 4;

struct tasks_outcome {
    std::size_t tasks{0};
    std::size_t stored{0};           ///< answered STORED
    std::size_t read_at_kill{0};     ///< results that had been read
    std::size_t running_at_kill{0};  ///< calls
    double down_seconds{0};          ///< from the kill until the server listened again
    std::size_t redelivered{0};      ///< of those calls: the result is there now, so they were made again
    std::size_t lost{0};             ///< answered STORED, and not readable when no result had come for long
    std::size_t differences{0};      ///< results that name some
    std::size_t errors{0};           ///< results that say that dpkg failed
    figures published{};
    figures worked_off{};
};

tasks_outcome run_tasks(demo_server& server, const std::vector<std::string>& names, const progress& shown);

}  // namespace freshet::demonstration
