// Changes that this process has told and put into the store already: what it reads of them in the queue is nothing new.
#pragma once

#include "version/version.hpp"

#include <array>
#include <atomic>
#include <cstddef>

namespace freshet {

/// Remembers most of the last ones, in bounded room; one that is forgotten is applied once more, which changes nothing
/// unless the item has gone meanwhile. Any thread.
class recently_applied {
public:
    void add(version v) noexcept { place_of(v).store(v, std::memory_order_relaxed); }
    /// True, once: it was added.
    bool take(version v) noexcept {
        version there = v;
        return place_of(v).compare_exchange_strong(there, 0, std::memory_order_relaxed);
    }

private:
    static constexpr unsigned place_bits = 16;

    std::atomic<version>& place_of(version v) noexcept {
        constexpr version golden = 0x9E3779B97F4A7C15;
        return places_[(v * golden) >> (64 - place_bits)];
    }

    std::array<std::atomic<version>, std::size_t{1} << place_bits> places_{};
};

}  // namespace freshet
