#include "version/clock.hpp"

#include <algorithm>

namespace freshet {

namespace {

constexpr seconds marked_ahead{10};  // as far a clock may be ahead after a crash
constexpr seconds mark_again_before{5};

void raise(std::atomic<version>& to, version v) noexcept {
    version now = to.load(std::memory_order_relaxed);
    while (now < v && !to.compare_exchange_weak(now, v, std::memory_order_relaxed)) {}
}

}  // namespace

version_clock::version_clock(unsigned node, version mark, wall::time_point now) noexcept
    : node_(node), begun_(std::max(mark, version_at(now))), last_(mark), mark_(mark), shown_(begun_) {}

std::optional<version> version_clock::next(version seen, wall::time_point now) noexcept {
    shows(now);
    met(seen);
    version last = last_.load(std::memory_order_relaxed);
    for (;;) {
        const version given = version_above(last, now, node_);
        if (given > mark_.load(std::memory_order_acquire) || given >= version_end) return std::nullopt;
        if (!last_.compare_exchange_weak(last, given, std::memory_order_relaxed)) continue;
        raise(highest_[place_of(given)], given);
        return given;
    }
}

void version_clock::met(version v) noexcept {
    if (v < end()) raise(last_, v);
}

version version_clock::end() const noexcept {
    return std::min(shown_.load(std::memory_order_relaxed) + version_at(wall::time_point(ahead_max)), version_end);
}

void version_clock::shows(wall::time_point now) noexcept { raise(shown_, version_at(now)); }

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
