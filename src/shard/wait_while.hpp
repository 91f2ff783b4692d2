// Waiting for a shard from another thread, as a stop does.
#pragma once

#include <freshet/time.hpp>

#include "shard/shard.hpp"

#include <thread>

namespace freshet {

/// Until `busy`, which is asked on the shard, says no, or until the time. Not on the shard's own thread.
template <class Busy>
void wait_while(shard& on, Busy busy, steady::time_point until) {
    constexpr milliseconds glance{2};
    for (bool yes = true; yes && steady::now() < until;) {
        on.run_and_wait([&] { yes = busy(); });
        if (yes) std::this_thread::sleep_for(glance);
    }
}

}  // namespace freshet
