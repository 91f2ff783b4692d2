#include "base/escape.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <iterator>

namespace freshet {

std::string escaped(std::string_view text) {
    std::string to;
    to.reserve(text.size());
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '\n') to += "\\n";
        else if (c == '\r') to += "\\r";
        else if (c == '\t') to += "\\t";
        else if (c == '\\') to += "\\\\";
        else if (byte < 0x20 || byte == 0x7f) fmt::format_to(std::back_inserter(to), "\\x{:02x}", byte);
        else to += c;
    }
    return to;
}

std::string in_quotes(std::string_view text) {
    constexpr std::size_t shown = 60;
    if (text.size() <= shown) return "'" + escaped(text) + "'";
    std::size_t cut = shown;
    while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xc0) == 0x80) --cut;  // not within a UTF-8 character
    return "'" + escaped(text.substr(0, cut)) + "...'";
}

bool has_blank_or_control(std::string_view text) noexcept {
    return std::any_of(text.begin(), text.end(), is_blank_or_control);
}

}  // namespace freshet
