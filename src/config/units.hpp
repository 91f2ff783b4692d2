// Times and sizes as people write them: "300ms", "10d", "64MiB".
#pragma once

#include <freshet/time.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace freshet::reading {

inline constexpr std::string_view time_units = "ms, s, m, h or d";
inline constexpr std::string_view size_units = "B, KB, KiB, MB, MiB, GB, GiB, TB or TiB";

/// A whole number with a unit. Nothing: not such a text, or too large to count.
std::optional<milliseconds> parse_time(std::string_view text);
/// A whole number of bytes, with a unit or without.
std::optional<std::uint64_t> parse_size(std::string_view text);

/// In the largest unit that needs no fraction.
std::string format_time(milliseconds t);
std::string format_size(std::uint64_t bytes);

}  // namespace freshet::reading
