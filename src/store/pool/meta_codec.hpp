// What a memcached server is asked for a client's command, and what its answer says: every command on a key goes as a
// meta command, whatever the client spoke. No sockets here.
#pragma once

#include "protocol/form.hpp"
#include "protocol/reply.hpp"
#include "protocol/reply_parser.hpp"
#include "protocol/request.hpp"
#include "shard/output.hpp"
#include "shard/slice.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace freshet {

inline constexpr std::size_t fence_bytes = 4;  ///< of mn and its line end

/// What reading the answer takes of what was asked: the call itself may be answered, and gone, by then.
struct asked_as {
    freshet::command command{command::get};
    char verb{'g'};            ///< the letter behind m, where it is a meta command on a key
    bool value : 1 {false};    ///< the value or the number is asked for
    bool fenced : 1 {false};   ///< mn stands behind the command
    bool base64 : 1 {false};   ///< the key went as base64
    std::uint32_t returns{0};  ///< flags without which a hit is no answer, see reply_parser::returned()
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
    /// Consumes the answer to `r` from the front of `input`. `wrong`: it is no answer to what was asked.
    status next(std::string_view& input, const request& r, asked_as how, reply& a);
    /// The same of an answer that nobody waits for any more.
    status drop_next(std::string_view& input, asked_as how);
    /// How long the input must become at least; 0: unknown.
    std::size_t wanted() const noexcept { return parser_.wanted(); }

private:
    static status line(std::string_view& input, reply& a);

    reply_parser parser_;
    reply dropped_{};
};

}  // namespace freshet
