// What stands in a message's headers on every broker, beside its ecosystem's own places.
#pragma once

#include <freshet/time.hpp>

#include <cstdint>
#include <string_view>

namespace freshet {

constexpr std::string_view own_headers = "freshet-";  ///< what all of these begin with
constexpr std::string_view flags_header = "freshet-flags";
constexpr std::string_view attempt_header = "freshet-attempt";        ///< attempts that are used up
constexpr std::string_view not_before_header = "freshet-not-before";  ///< milliseconds since 1970
constexpr std::string_view expires_header = "freshet-expires";        ///< the same
constexpr std::string_view queue_header = "freshet-queue";            ///< of a dead letter
constexpr std::string_view reason_header = "freshet-reason";          ///< of a dead letter

inline std::int64_t ms_since_1970(wall::time_point t) noexcept {
    return std::chrono::duration_cast<milliseconds>(t.time_since_epoch()).count();
}
inline wall::time_point date_of(std::int64_t ms) noexcept { return wall::time_point(milliseconds(ms)); }

}  // namespace freshet
