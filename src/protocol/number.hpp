// Numbers as memcached reads them (strtol's rules): white space and a sign in front, white space behind.
#pragma once

#include <cstdint>
#include <string_view>

namespace freshet {

bool parse_signed(std::string_view token, std::int64_t& n) noexcept;
bool parse_unsigned(std::string_view token, std::uint64_t& n) noexcept;
/// Read as 64 bits and cut to 32, as memcached does.
bool parse_int32(std::string_view token, std::int32_t& n) noexcept;
bool parse_flags(std::string_view token, std::uint32_t& n) noexcept;

}  // namespace freshet
