// Numbers as memcached reads them (strtol's rules): white space and a sign in front, white space behind.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace freshet {

bool parse_signed(std::string_view token, std::int64_t& n) noexcept;
bool parse_unsigned(std::string_view token, std::uint64_t& n) noexcept;
/// Read as 64 bits and cut to 32, as memcached does.
bool parse_int32(std::string_view token, std::int32_t& n) noexcept;
bool parse_flags(std::string_view token, std::uint32_t& n) noexcept;

/// Seconds: a larger exptime is a date.
inline constexpr std::int64_t exptime_relative_max = std::int64_t{60} * 60 * 24 * 30;

/// What memcached counts for an item: header, CAS, key and its end, flags, value and its line end. Compared with
/// item_size_max.
constexpr std::size_t item_size(std::size_t key_size, std::uint32_t flags, std::size_t value_size) noexcept {
    return 48 + 8 + key_size + 1 + (flags != 0 ? 4 : 0) + value_size + 2;
}

}  // namespace freshet
