// What a client asks, as values: classic and meta commands become one request each. No sockets here.
// On the path: session -> protocol -> route -> store.
#pragma once

#include "shard/slice.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace freshet {

inline constexpr std::size_t key_size_max = 250;  ///< bytes, as memcached's

/// What is to be done. The first row goes to a store, the second is answered by the session itself.
enum class command : std::uint8_t {
    get,
    touch,
    store,
    remove,
    arithmetic,
    inspect,
    version,
    verbosity,
    flush_all,
    stats,
    noop,
    quit,
};

enum class store_mode : std::uint8_t { set, add, replace, append, prepend };

/// One command on one key. Every field that a command does not use keeps its default.
/// Views point into the reader's buffer and live until submit() returns; only the key is kept by the call.
struct request {
    freshet::command command{command::get};
    store_mode mode{store_mode::set};
    bool want_value{false};  ///< get, arithmetic: the value is asked for (classic always; meta `v`)
    bool touch{false};       ///< get, arithmetic: `exptime` replaces the item's (gat, meta T)
    bool compare{false};     ///< act only if the item's CAS is `compare_cas` (cas, meta C)
    bool assign{false};      ///< the item's CAS becomes `assign_cas` (meta E)
    bool invalidate{false};  ///< remove: mark stale instead; store: an older compare_cas stores as stale (meta I)
    bool vivify{false};      ///< a miss creates (meta N)
    bool may_win{false};     ///< get: this client can be told to recache (mg)
    bool recache{false};     ///< get: win if the TTL is below `recache_ttl` (meta R)
    bool drop_value{false};  ///< remove: keep the item, drop value and flags (meta x)
    bool decrement{false};
    bool too_large{false};   ///< store: the value was larger than item_size_max and was dropped unread
    bool no_room{false};     ///< store: there was no memory for the value, which was dropped unread
    bool kept{false};        ///< store: a journal keeps this result, too; get: it does, if the CAS is `compare_cas`
    bool keep_item{false};   ///< store, too_large: the item that is there stays (classic commands but set)
    bool binary_key{false};  ///< the key came as base64; an item remembers it (meta b)
    bool no_guess{false};    ///< get: a server that fails is told, and is no miss
    bool no_bump{false};     ///< get: counts as no access (meta u)
    /// Meta flags act from left to right: the places of N, T, R and t, 1-based; 0: absent, or classic.
    std::uint8_t vivify_place{0}, touch_place{0}, recache_place{0}, ttl_place{0};
    std::string_view key{};    ///< decoded, 1..250 bytes
    std::string_view value{};  ///< store: the data block without its line end
    chunk* source{nullptr};    ///< what the value lies in, where it may be lent; null: it is to be copied
    std::uint32_t flags{0};
    std::int64_t exptime{0};  ///< as the client gave it: 0 never, <0 at once, <= 30 days relative, else since 1970
    std::uint64_t compare_cas{0};
    std::uint64_t assign_cas{0};
    std::uint64_t delta{1};
    std::uint64_t initial{0};
    std::int64_t vivify_exptime{0};
    std::int64_t recache_ttl{0};
};

}  // namespace freshet
