// How many messages of a queue are in which state: as the line's own thread has shown it, for any thread to read.
#pragma once

#include "base/since_1970.hpp"
#include "queue/line/queue_line.hpp"
#include "queue/queue.hpp"

#include <atomic>
#include <cstdint>

namespace freshet {

/// Of messages that are not in the line.
struct figures_elsewhere {
    std::uint64_t ready{0}, delayed{0};
};

class line_figures {
public:
    void show(queue_line& line, const figures_elsewhere& more = {}) noexcept {
        const auto tell = [](auto& figure, auto value) { figure.store(value, std::memory_order_relaxed); };
        tell(ready_, line.ready() + more.ready);
        tell(length_, line.length() + more.ready + more.delayed);
        tell(leased_, line.leased());
        tell(delayed_, line.delayed() + more.delayed);
        tell(oldest_, ms_since_1970(line.oldest()));
    }

    std::uint64_t ready() const noexcept { return ready_.load(std::memory_order_relaxed); }
    std::uint64_t length() const noexcept { return length_.load(std::memory_order_relaxed); }
    /// Without dead letters.
    queue_figures all() const noexcept {
        return {.ready = ready(),
                .leased = leased_.load(std::memory_order_relaxed),
                .delayed = delayed_.load(std::memory_order_relaxed),
                .oldest = from_ms_since_1970(oldest_.load(std::memory_order_relaxed))};
    }

private:
    std::atomic<std::uint64_t> ready_{0}, length_{0}, leased_{0}, delayed_{0};
    std::atomic<std::int64_t> oldest_{0};  ///< milliseconds since 1970
};

}  // namespace freshet
