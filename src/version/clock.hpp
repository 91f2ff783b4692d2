// Gives versions: never one at or below one that this process has given or met, in this run or an earlier one, whatever
// the machine's clock does. Any thread.
#pragma once

#include <freshet/time.hpp>

#include "version/version.hpp"

#include <atomic>
#include <optional>

namespace freshet {

class version_clock {
public:
    /// `mark`: as it was stored last; 0: it never was. No version is given before another one is stored: earlier runs
    /// may have given all up to there.
    version_clock(unsigned node, version mark) noexcept : node_(node), last_(mark), mark_(mark) {}

    unsigned node() const noexcept { return node_; }

    /// Above `seen`, all that was met, and all that was given. None: the mark has to move ahead first, to
    /// wanted_mark().
    std::optional<version> next(version seen, wall::time_point now) noexcept;
    /// A change with this version was consumed, or seen in a store.
    void met(version v) noexcept;

    /// The last one that was given or met.
    version last() const noexcept { return last_.load(std::memory_order_relaxed); }
    /// What to store, so that versions can be given for a while.
    version wanted_mark(wall::time_point now) const noexcept;
    /// It is time to store another mark, though versions are still given.
    bool wants_mark(wall::time_point now) const noexcept;
    /// It is on the disk.
    void mark_stored(version mark) noexcept;

private:
    const unsigned node_;
    std::atomic<version> last_;
    std::atomic<version> mark_;  ///< what was given is not above it
};

}  // namespace freshet
