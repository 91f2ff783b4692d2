#include "version/clock.hpp"

namespace freshet {

namespace {

constexpr seconds marked_ahead{10};  // as far a clock may be ahead after a crash
constexpr seconds mark_again_before{5};

void raise(std::atomic<version>& to, version v) noexcept {
    version now = to.load(std::memory_order_relaxed);
    while (now < v && !to.compare_exchange_weak(now, v, std::memory_order_relaxed)) {}
}

}  // namespace

std::optional<version> version_clock::next(version seen, wall::time_point now) noexcept {
    met(seen);
    version last = last_.load(std::memory_order_relaxed);
    for (;;) {
        const version given = version_above(last, now, node_);
        if (given > mark_.load(std::memory_order_acquire)) return std::nullopt;
        if (last_.compare_exchange_weak(last, given, std::memory_order_relaxed)) return given;
    }
}

void version_clock::met(version v) noexcept {
    if (v < version_end) raise(last_, v);
}

version version_clock::wanted_mark(wall::time_point now) const noexcept {
    const version from = std::max(version_at(now), last_.load(std::memory_order_relaxed));
    return from + version_at(wall::time_point(marked_ahead));
}

bool version_clock::wants_mark(wall::time_point now) const noexcept {
    const version from = std::max(version_at(now), last_.load(std::memory_order_relaxed));
    return from + version_at(wall::time_point(mark_again_before)) > mark_.load(std::memory_order_relaxed);
}

void version_clock::mark_stored(version mark) noexcept { raise(mark_, mark); }

}  // namespace freshet
