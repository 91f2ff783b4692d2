// Text of others (peers, files, messages) on its way to a terminal or a log.
#pragma once

#include <string>
#include <string_view>

namespace freshet {

/// Control characters (of ASCII and of Latin 1), DEL and backslashes as \n, \t, \\ or \xHH; everything else, UTF-8 too,
/// as it is.
std::string escaped(std::string_view text);
/// escaped(), in single quotes, cut with "..." after 60 bytes.
std::string in_quotes(std::string_view text);
/// escaped() would change more than backslashes.
bool has_control(std::string_view text) noexcept;

/// What neither a key nor a URL can have in it as it is: a blank, a control character or DEL.
constexpr bool is_blank_or_control(char c) noexcept { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; }
bool has_blank_or_control(std::string_view text) noexcept;

}  // namespace freshet
