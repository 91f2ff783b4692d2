#include "base/json.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <iterator>

namespace freshet {

namespace {

/// The length of the UTF-8 character at the beginning; 0: there is none.
std::size_t utf8_length(std::string_view text) {
    const auto at = [text](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
    const auto more = [&at](std::size_t i) { return (at(i) & 0xc0U) == 0x80U; };
    const unsigned first = at(0), second = at(1);
    if (first < 0x80) return 1;
    if (first >= 0xc2 && first <= 0xdf) return more(1) ? 2 : 0;
    if (first >= 0xe0 && first <= 0xef) {
        const bool overlong = first == 0xe0 && second < 0xa0, surrogate = first == 0xed && second >= 0xa0;
        return more(1) && more(2) && !overlong && !surrogate ? 3 : 0;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        const bool overlong = first == 0xf0 && second < 0x90, beyond = first == 0xf4 && second >= 0x90;
        return more(1) && more(2) && more(3) && !overlong && !beyond ? 4 : 0;
    }
    return 0;
}

}  // namespace

std::string json_text(std::string_view text) {
    std::string to = "\"";
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        const char c = text.front();
        if (length == 0) to += "\\ufffd";
        else if (c == '"' || c == '\\') to.append({'\\', c});
        else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
            fmt::format_to(std::back_inserter(to), "\\u{:04x}", c);
        else to += text.substr(0, length);
        text.remove_prefix(length == 0 ? 1 : length);
    }
    to += '"';
    return to;
}

std::string json_list(const std::vector<std::string>& texts) {
    std::string list;
    for (const std::string& t : texts) list += (list.empty() ? "" : ", ") + json_text(t);
    return "[" + list + "]";
}

}  // namespace freshet
