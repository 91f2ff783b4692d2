#include "base/escape.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

namespace freshet {

namespace {

constexpr unsigned char byte_of(char c) noexcept { return static_cast<unsigned char>(c); }
constexpr bool is_c1(unsigned char byte) noexcept { return byte >= 0x80 && byte <= 0x9f; }

/// Which bytes are control characters: those of ASCII, and those of Latin 1, as UTF-8 or as a byte that is part of no
/// character.
class control_finder {
public:
    bool is_control(std::string_view text, std::size_t at) noexcept {
        const unsigned char byte = byte_of(text[at]);
        const int left = std::exchange(left_, 0);
        if (byte < 0x80) return byte < 0x20 || byte == 0x7f;
        if (byte >= 0xc0) {
            if (byte == 0xc2 && at + 1 < text.size() && is_c1(byte_of(text[at + 1]))) return true;
            left_ = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : 1;
            return false;
        }
        if (left == 0) return is_c1(byte);
        left_ = left - 1;
        return false;
    }

private:
    int left_{0};  ///< bytes of a character that are still to come
};

}  // namespace

bool has_control(std::string_view text) noexcept {
    control_finder finder;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (finder.is_control(text, at)) return true;
    }
    return false;
}

std::string escaped(std::string_view text) {
    std::string to;
    to.reserve(text.size());
    control_finder finder;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        const unsigned char byte = byte_of(c);
        const bool control = finder.is_control(text, at);
        if (c == '\n') to += "\\n";
        else if (c == '\r') to += "\\r";
        else if (c == '\t') to += "\\t";
        else if (c == '\\') to += "\\\\";
        else if (control) fmt::format_to(std::back_inserter(to), "\\x{:02x}", byte);
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
