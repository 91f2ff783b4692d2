// Which messages of a partition are settled: Kafka remembers one position only, so that is the lowest one that is not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>

namespace freshet {

class kafka_offsets {
public:
    /// It has come. False: it was settled already, before the partition was taken away and given back.
    bool arrived(std::int64_t offset);
    /// Of one that has come. Harmless of any other.
    void settled(std::int64_t offset);
    /// The partition is given to somebody else, or is read again from its position.
    void taken_away() { open_.clear(); }

    /// What to commit: everything below it is settled. -1: nothing has come yet.
    std::int64_t position() const noexcept { return open_.empty() ? next_ : *open_.begin(); }
    std::int64_t next() const noexcept { return next_; }  ///< behind the last that came; -1: none has
    std::size_t open() const noexcept { return open_.size(); }

    std::int64_t committed{-1};  ///< the position that was committed last

private:
    std::set<std::int64_t> open_;     ///< came, and is not settled
    std::set<std::int64_t> settled_;  ///< above the position
    std::int64_t next_{-1};
};

}  // namespace freshet
