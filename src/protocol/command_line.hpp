// A command line cut into tokens: what request_parser's parts (classic.cpp, meta.cpp) read a command from.
#pragma once

#include "protocol/request_parser.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace freshet {

inline constexpr std::string_view line_end = "\r\n";
inline constexpr std::string_view bad_format = "CLIENT_ERROR bad command line format\r\n";
inline constexpr std::int32_t value_size_max = 2'147'483'645;  ///< as a client may say it
inline constexpr std::size_t line_size_max = 2048;             ///< bytes, but of a multi-key get

/// Only blanks separate; the first tokens_max tokens are kept, and how the rest begins.
struct request_parser::line {
    static constexpr std::size_t tokens_max = 24;

    explicit line(std::string_view text) noexcept;

    std::string_view text;  ///< without its end; ends at a NUL
    std::size_t size{0};    ///< in the input, its end included
    std::array<std::string_view, tokens_max> tokens;
    std::size_t count{0};

    std::string_view operator[](std::size_t i) const noexcept { return tokens[i]; }
    std::string_view last() const noexcept { return count == 0 ? std::string_view{} : tokens[count - 1]; }
    bool noreply() const noexcept { return last() == "noreply"; }
};

/// The next token of `rest`, which loses it; empty at the end.
inline std::string_view next_token(std::string_view& rest) noexcept {
    std::size_t begin = 0;
    while (begin < rest.size() && rest[begin] == ' ') ++begin;
    std::size_t end = begin;
    while (end < rest.size() && rest[end] != ' ') ++end;
    const std::string_view token = rest.substr(begin, end - begin);
    rest.remove_prefix(end);
    return token;
}

}  // namespace freshet
