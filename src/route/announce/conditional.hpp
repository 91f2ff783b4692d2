// Commands whose outcome hangs on what is there (add, replace, cas, append, prepend, incr, decr, md with C), worked out
// here, since what they come to is told to other sites as a plain set or delete. The semantics are memcached's.
#pragma once

#include <freshet/time.hpp>

#include "protocol/reply.hpp"
#include "protocol/request.hpp"
#include "version/change.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace freshet {

/// It is none of the blind ones, set and delete.
bool is_conditional(const request& r) noexcept;
/// The value that is there is needed, too.
bool needs_value(const request& r) noexcept;

/// What the key is to become.
struct becoming {
    change_kind kind{change_kind::set};
    std::string value{};
    std::uint32_t flags{0};
    wall::time_point expires{};  ///< 1970: never
    std::uint64_t number{0};     ///< of a counter
    bool created{false};         ///< the counter
    std::int64_t ttl{-1};        ///< of a counter, as it is shown; -1: never
};

/// `found`: what a get has found; a tombstone was taken for a miss. Items over `item_size_max` bytes are refused. An
/// outcome: it comes to nothing, and that is the answer.
std::optional<outcome> work_out(const request& r, const reply& found, std::size_t item_size_max, wall::time_point now,
                                becoming& to);

}  // namespace freshet
