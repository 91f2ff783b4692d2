// Where a partition is read from, and whether something is missing before that: what the group has settled, against
// what the broker still has.
#pragma once

#include <cstdint>

namespace freshet {

/// What a broker has of a partition: from `low` to below `high`. It has gaps that are no loss.
struct kafka_extent {
    std::int64_t low{0}, high{0};
};

struct kafka_beginning {
    std::int64_t offset{0};
    bool lost{false};
};

/// `committed`: the group's position; below 0: it has none. `seen`: a position up to which this process has settled
/// all, or has told that it is lost, committed or not. `subscribed`: the group has read this topic before.
inline kafka_beginning beginning_of(std::int64_t committed, std::int64_t seen, kafka_extent has,
                                    bool subscribed) noexcept {
    if (seen > has.high) return {has.low, true};  // it was made anew
    const bool known = seen >= has.low;
    if (committed < 0) return {has.low, subscribed && !known};
    if (committed < has.low) return {has.low, !known};
    if (committed > has.high) return {has.low, true};
    return {committed, false};
}

}  // namespace freshet
