// Which messages of a partition are settled: Kafka remembers one position, which is the lowest one that is not, and a
// short text beside it, which says what else is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace freshet {

class kafka_offsets {
public:
    /// It has come. False: it was settled already, before the partition was taken away and given back.
    bool arrived(std::int64_t offset);
    /// Of one that has come. Harmless of any other.
    void settled(std::int64_t offset);
    /// The partition is given to somebody else, or is read again from its position.
    void taken_away();

    /// What to commit: everything below it is settled. -1: nothing has come since the partition was given.
    std::int64_t position() const noexcept { return given_ ? begin_ : -1; }
    std::int64_t next() const noexcept { return next_; }  ///< behind the last that came; -1: none has
    std::size_t open() const noexcept { return open_; }

    /// What is settled above the position, as far as there is room: "1-3,5", relative to it.
    std::string settled_above() const;
    /// Before anything comes: what was committed. What is no such text says nothing.
    void restore(std::int64_t position, std::string_view settled_above);
    /// In its place: this is the position, whatever was known, and is to be committed though nothing comes.
    void begin(std::int64_t position);
    /// It is known up to there.
    std::int64_t seen() const noexcept { return begin_; }

    std::int64_t committed{-1};  ///< the position that was committed last
    std::string committed_above{};

private:
    enum class state : std::uint8_t {
        absent,  ///< never came: Kafka's numbers have gaps. Or it was taken away
        open,
        settled,
    };
    void begin_at(std::int64_t offset);
    void restore_settled(std::size_t first, std::size_t last);
    void advance();

    std::deque<state> states_;  ///< from begin_ on
    std::int64_t begin_{0}, next_{-1};
    std::size_t open_{0};
    bool given_{false};  ///< what comes is from one position on
};

}  // namespace freshet
