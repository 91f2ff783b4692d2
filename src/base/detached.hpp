// A thread that nobody waits for.
#pragma once

#include <functional>

namespace freshet {

/// Runs `work` on a thread of its own, which takes no signals and may outlive whoever began it: `work` owns what it
/// needs. What it throws ends that thread, with a line in the log. Throws std::system_error where there can be no more
/// threads.
void run_detached(std::function<void()> work);

}  // namespace freshet
