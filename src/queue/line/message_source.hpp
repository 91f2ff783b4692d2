// What lies behind a queue's line: where messages are that were accepted and are not settled. The journal's is a file,
// a broker's is memory.
#pragma once

#include <freshet/message.hpp>

#include "base/bytes.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace freshet {

/// A message with what its row says of it. message.attempt counts the attempts that are used up.
struct stored_message {
    std::uint64_t number{0};
    freshet::message message;
    bool handed{false};   ///< known to have been handed out
    bool fatal{false};    ///< the process ended too often while it alone was worked on: a dead letter
    bool damaged{false};  ///< not as it was accepted: a dead letter, never delivered
};

struct queue_row {
    std::uint64_t number{0};
    std::string name;
    std::uint64_t next{
        1};  ///< the number of the next message, or less: what lies behind the mark and the rows counts too
    std::uint64_t mark{0};  ///< up to here messages may have been handed out
    std::uint64_t length{0};
    std::uint64_t bytes{0};
};

class message_source {
public:
    /// Appends messages after..upto in order, until there are `rows` or their bytes reach `bytes`. An error is in
    /// failed().
    virtual void read(std::uint64_t queue, std::uint64_t after, std::uint64_t upto, std::size_t rows, std::size_t bytes,
                      std::deque<stored_message>& to) = 0;
    virtual std::optional<stored_message> read_one(std::uint64_t queue, std::uint64_t number) = 0;
    virtual bool failed() const noexcept = 0;
    /// What was read makes no sense.
    virtual void mark_damaged(std::string_view how) = 0;

protected:
    ~message_source() = default;
};

}  // namespace freshet
