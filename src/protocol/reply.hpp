// What a client is told, as a value: stores fill it, render.hpp writes it in the form that the client asked for, and
// reply_parser.hpp reads it from a server's answer.
#pragma once

#include <freshet/error.hpp>

#include "base/bytes.hpp"
#include "shard/slice.hpp"

#include <cstdint>
#include <new>
#include <string_view>

namespace freshet {

/// What a store answers.
enum class outcome : std::uint8_t {
    hit,
    miss,
    stored,
    not_stored,
    exists,
    not_found,
    deleted,
    touched,
    number,
    inspected,
    failed,       ///< SERVER_ERROR, see reply::why
    refused,      ///< CLIENT_ERROR, see reply::text
    too_large,    ///< SERVER_ERROR object too large for cache
    non_numeric,  ///< CLIENT_ERROR cannot increment or decrement non-numeric value
    text,         ///< reply::value holds whole lines, sent as they are
};

struct reply {
    freshet::outcome outcome{outcome::miss};
    bool won{false};         ///< W: this client shall recache
    bool stale{false};       ///< X
    bool win_sent{false};    ///< Z: somebody else was told to recache
    bool fetched{false};     ///< h
    bool created{false};     ///< the command made the item (N)
    bool binary_key{false};  ///< the item's key is shown as base64
    bool close{false};       ///< the connection is to be closed behind it
    std::uint32_t flags{0};
    std::uint64_t cas{0};
    std::uint64_t number{0};
    std::int64_t ttl{-1};   ///< seconds left, -1: never expires
    std::int64_t idle{0};   ///< seconds since the last access (l, la=)
    std::uint64_t size{0};  ///< of the value, also when the value itself was not asked for
    std::uint64_t size_in_memory{0};
    freshet::failure why{};
    std::string_view text{};  ///< static
    bytes value;              ///< keeps its memory from call to call
    slice lent{};             ///< the value instead, where it is one of a chunk of the call's home shard

    std::string_view data() const noexcept { return lent ? lent.view() : value.view(); }
    /// Copies a lent value, so that the reply may leave its shard.
    void keep_value() {
        if (!lent) return;
        value.clear();
        value.append(lent.view());
        lent.reset();
    }
    /// As new, but for the memory of `value`.
    void reset() noexcept {
        outcome = freshet::outcome::miss;
        won = stale = win_sent = fetched = created = binary_key = close = false;
        flags = 0;
        cas = number = size = 0;
        ttl = -1;
        value.clear();
        lent.reset();
    }
    void fail(errc code, freshet::effect e, std::string_view subject) noexcept {
        outcome = freshet::outcome::failed;
        why = {code, e, subject};
    }
    /// The same, with a copy of the subject, whose owner may have gone before this is told. Without memory it is short.
    void fail(const failure& f) noexcept {
        value.clear();
        try {
            value.append(f.subject);
            fail(f.code, f.effect, value.view());
        } catch (const std::bad_alloc&) {
            fail(f.code, f.effect, "it");
        }
    }
    void refuse(std::string_view static_text) noexcept {
        outcome = freshet::outcome::refused;
        text = static_text;
    }
};

}  // namespace freshet
