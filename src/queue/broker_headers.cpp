#include "queue/broker_headers.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace freshet {

std::string_view rfc3339::tell(wall::time_point time) {
    constexpr std::size_t whole = sizeof "2026-01-02T03:04:05" - 1;
    const std::int64_t ms = ms_since_1970(time);
    if (ms / 1'000 != second_) {
        second_ = ms / 1'000;
        fmt::format_to_n(text_.data(), whole, "{:%FT%T}", fmt::gmtime(static_cast<std::time_t>(second_)));
    }
    char* const end = fmt::format_to(text_.data() + whole, ".{:03}Z", ms % 1'000);
    return {text_.data(), static_cast<std::size_t>(end - text_.data())};
}

}  // namespace freshet
