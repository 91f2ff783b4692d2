// Gives versions: never one at or below one that this process has given or met, in this run or an earlier one, whatever
// the machine's clock does. What is too far ahead is no version, and moves nothing. Any thread.
#pragma once

#include <freshet/time.hpp>

#include "version/version.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <optional>

namespace freshet {

/// What is further ahead of a machine's clock was given by a clock that is wrong. One that shows another zone's time is
/// off by up to 14 hours, and is still followed.
inline constexpr seconds ahead_max{24 * 3'600};

class version_clock {
public:
    /// `mark`: as it was stored last; 0: it never was. No version is given before another one is stored: earlier runs
    /// may have given all up to there.
    version_clock(unsigned node, version mark, wall::time_point now) noexcept;

    unsigned node() const noexcept { return node_; }

    /// Above `seen`, all that was met, and all that was given. None: the mark has to move ahead first, to
    /// wanted_mark().
    std::optional<version> next(version seen, wall::time_point now) noexcept;
    /// A change with this version was consumed, or seen in a store.
    void met(version v) noexcept;
    /// What is called a version is none from here on: `ahead_max` behind the latest time that the machine's clock has
    /// shown, as far as it was told, in this run or an earlier one.
    version end() const noexcept;
    /// The machine's clock shows this.
    void shows(wall::time_point now) noexcept;

    /// It has this clock's node, and no earlier run can have given it.
    bool is_of_this_run(version v) const noexcept { return node_of(v) == node_ && v > begun_; }
    /// False: this run has not given it. True: it has, or it is long ago and it is not known any more.
    bool may_have_given(version v) const noexcept { return highest_[place_of(v)].load(std::memory_order_relaxed) >= v; }

    /// The last one that was given or met.
    version last() const noexcept { return last_.load(std::memory_order_relaxed); }
    /// What to store, so that versions can be given for a while.
    version wanted_mark(wall::time_point now) const noexcept;
    /// It is time to store another mark, though versions are still given.
    bool wants_mark(wall::time_point now) const noexcept;
    /// It is on the disk.
    void mark_stored(version mark) noexcept;

private:
    static constexpr std::size_t milliseconds_known = std::size_t{1} << 14;

    static constexpr std::size_t place_of(version v) noexcept {
        return (v >> (counter_bits + node_bits)) % milliseconds_known;
    }

    const unsigned node_;
    const version begun_;  ///< earlier runs have given none above it
    std::atomic<version> last_;
    std::atomic<version> mark_;  ///< what was given is not above it
    std::atomic<version> shown_;
    std::array<std::atomic<version>, milliseconds_known> highest_{};  ///< that was given in each of the last ones
};

}  // namespace freshet
