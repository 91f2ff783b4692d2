// A line of what a memcached server answers, as both the cache's and the queue's generator read it.
#pragma once

#include <cstddef>
#include <string_view>

namespace freshet::load {

inline constexpr std::size_t line_max = 2048;  ///< bytes; a longer one is no reply
inline constexpr std::string_view end_line = "END\r\n";

/// What every command may be answered with.
inline bool is_error(std::string_view line) {
    return line.starts_with("SERVER_ERROR") || line.starts_with("CLIENT_ERROR") || line == "ERROR\r\n";
}

}  // namespace freshet::load
