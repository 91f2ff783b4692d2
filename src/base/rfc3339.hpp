// Dates as CloudEvents has them: 2026-01-02T03:04:05.678Z.
#pragma once

#include <freshet/time.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace freshet {

/// Most dates are of the second of the one before, which is remembered.
class rfc3339 {
public:
    /// To the millisecond. Lives until the next.
    std::string_view tell(wall::time_point time);

private:
    std::int64_t second_{-1};
    std::array<char, 32> text_{};
};

/// With any fraction of a second, of which the milliseconds count, and any offset. Empty: it is no date.
std::optional<wall::time_point> parse_rfc3339(std::string_view text) noexcept;

}  // namespace freshet
