#include "protocol/number.hpp"

#include <freshet/error.hpp>

#include <charconv>

namespace freshet {

namespace {

bool is_space(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }

/// Sign and digits; false unless the token ends, or goes on with white space or a NUL (in a value that is counted
/// with).
bool parse_magnitude(std::string_view token, bool& negative, std::uint64_t& n) noexcept {
    while (!token.empty() && is_space(token.front())) token.remove_prefix(1);
    negative = false;
    if (!token.empty() && (token.front() == '-' || token.front() == '+')) {
        negative = token.front() == '-';
        token.remove_prefix(1);
    }
    const char* const end = token.data() + token.size();
    const auto [stop, ec] = std::from_chars(token.data(), end, n);
    return ec == std::errc{} && (stop == end || is_space(*stop) || *stop == '\0');
}

}  // namespace

bool parse_signed(std::string_view token, std::int64_t& n) noexcept {
    bool negative;
    std::uint64_t magnitude;
    if (!parse_magnitude(token, negative, magnitude)) return false;
    constexpr std::uint64_t top = std::uint64_t{1} << 63;
    if (magnitude > top - (negative ? 0 : 1)) return false;
    n = static_cast<std::int64_t>(negative ? 0 - magnitude : magnitude);
    return true;
}

bool parse_unsigned(std::string_view token, std::uint64_t& n) noexcept {
    bool negative;
    std::uint64_t magnitude;
    if (!parse_magnitude(token, negative, magnitude)) return false;
    n = negative ? 0 - magnitude : magnitude;
    return !negative || (n >> 63) == 0;
}

bool parse_int32(std::string_view token, std::int32_t& n) noexcept {
    std::int64_t wide;
    if (!parse_signed(token, wide)) return false;
    n = static_cast<std::int32_t>(static_cast<std::uint32_t>(wide));
    return true;
}

bool parse_flags(std::string_view token, std::uint32_t& n) noexcept {
    std::uint64_t wide;
    if (!parse_unsigned(token, wide)) return false;
    n = static_cast<std::uint32_t>(wide);
    return true;
}

}  // namespace freshet
