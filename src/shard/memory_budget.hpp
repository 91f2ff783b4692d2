// What a shard holds in memory for its clients' sake: what they have sent and is not understood, answers that wait or
// are not sent, messages that are lent to queues. Own thread only, but for held_bytes().
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <limits>
#include <utility>

namespace freshet {

class memory_budget {
public:
    void set_max(std::size_t bytes) noexcept { max_ = bytes; }
    std::size_t max_bytes() const noexcept { return max_; }

    void add(std::size_t bytes) noexcept {
        held_.store(held_bytes() + bytes, std::memory_order_relaxed);
        peak_ = std::max(peak_, held_bytes());
    }
    void subtract(std::size_t bytes) noexcept { held_.store(held_bytes() - bytes, std::memory_order_relaxed); }
    std::size_t held_bytes() const noexcept { return held_.load(std::memory_order_relaxed); }

    /// The most that was held since the peak was forgotten last.
    std::size_t peak_bytes() const noexcept { return peak_; }
    void forget_peak() noexcept { peak_ = held_bytes(); }

    /// Who holds some takes on no more, and nothing large is begun.
    bool is_tight() const noexcept { return held_bytes() >= max_ - max_ / 4; }
    /// Something is refused since it is tight.
    void note_refusal() noexcept { refused_ = true; }
    bool take_refusal() noexcept { return std::exchange(refused_, false); }
    /// Somebody has to give some of it up.
    bool is_over() const noexcept { return held_bytes() > max_; }

private:
    std::size_t max_{std::numeric_limits<std::size_t>::max()};
    std::size_t peak_{0};
    bool refused_{false};
    std::atomic<std::size_t> held_{0};  ///< one writer
};

}  // namespace freshet
