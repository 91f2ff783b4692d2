// What a shard that serves clients does about the memory that it holds for them: counts it, has those give it up that
// hold most once there is too much, and gives it back to the system when it is free again. Own thread only.
#pragma once

#include <freshet/time.hpp>

#include "shard/memory_holders.hpp"
#include "shard/shard.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace freshet {

class session;

class memory_relief final : private ticker {
public:
    /// Who holds most, and has neither sent nor read a byte for so long, goes where others are refused for want of
    /// memory.
    static constexpr seconds standing_still{5};

    explicit memory_relief(shard& home) noexcept : home_(home) {}
    ~memory_relief();
    memory_relief(const memory_relief&) = delete;
    memory_relief& operator=(const memory_relief&) = delete;

    /// It held `before` bytes and holds `now`.
    void changed(session& who, std::size_t before, std::size_t now);
    /// Closes those that hold most, until all is within memory_max. To be called when no session is in the midst of
    /// something.
    void relieve();

    std::uint64_t closed() const noexcept { return closed_.load(std::memory_order_relaxed); }  ///< any thread

private:
    void tick(steady::time_point now) override;
    void close(session& who);
    void say_tight();

    shard& home_;
    memory_holders holders_{};
    std::size_t sessions_bytes_{0};
    bool ticking_{false};
    steady::time_point said_{};
    std::atomic<std::uint64_t> closed_{0};
};

}  // namespace freshet
