// What a memcached server is asked for a client's command, and what its answer says: every command on a key goes as a
// meta command, whatever the client spoke. No sockets here.
#pragma once

#include "call/call.hpp"
#include "protocol/reply_parser.hpp"
#include "protocol/request.hpp"
#include "shard/output.hpp"
#include "shard/slice.hpp"

#include <string_view>

namespace freshet {

inline constexpr std::size_t fence_bytes = 4;  ///< of mn and its line end

/// What reading the answer takes of the form in which it was asked.
struct asked_as {
    bool fenced{false};  ///< mn stands behind the command
    bool base64{false};  ///< the key went as base64
};

/// Appends the server's command. A value of reply_parser::lend_min_bytes and more is lent, where the request says from
/// which chunk.
asked_as ask_server(const request& r, const form& f, output& to);

/// Reads answers in the order of the calls.
class answer_reader {
public:
    enum class status : std::uint8_t { more, answered, wrong };

    /// Where the next input lies.
    void begin(chunk* source) noexcept { parser_.lend_from(source); }
    /// Consumes the answer to `c` from the front of `input` and fills c.reply. `wrong`: it is no answer to this call.
    status next(std::string_view& input, call& c, asked_as how);
    /// How long the input must become at least; 0: unknown.
    std::size_t wanted() const noexcept { return parser_.wanted(); }

private:
    reply_parser parser_;
};

}  // namespace freshet
