#include "base/conceal.hpp"

#include "base/escape.hpp"

#include <algorithm>

namespace freshet {

namespace {

constexpr std::string_view hidden = "...";

/// The end of a URL that stands in a sentence.
std::size_t end_of_url(std::string_view text, std::size_t from) {
    return std::min(text.find_first_of(" \t\r\n'\"<>", from), text.size());
}

std::string without_passwords(std::string_view text) {
    constexpr std::string_view mark = "://";
    std::string to;
    for (std::size_t at = 0; (at = text.find(mark)) != text.npos;) {
        to += text.substr(0, at += mark.size());
        text.remove_prefix(at);
        const std::string_view url = text.substr(0, end_of_url(text, 0));
        const std::size_t user_end = url.rfind('@');
        if (user_end == url.npos) continue;
        to += hidden;
        text.remove_prefix(user_end);
    }
    return to.append(text);
}

/// "amqp://user:password", where '@' and a host were forgotten: what should be a port is no number.
std::string without_forgotten_password(std::string_view url) {
    const std::size_t mark = url.find("://");
    if (mark == url.npos) return std::string(url);
    const std::string_view before = url.substr(0, url.find_first_of("/?#", mark + 3));
    const std::size_t colon = before.rfind(':');
    const bool port = before.find_first_not_of("0123456789", colon + 1) == before.npos;
    if (colon == mark || before.ends_with(']') || port) return std::string(url);
    return std::string(before.substr(0, colon + 1)).append(hidden).append(url.substr(before.size()));
}

}  // namespace

std::string conceal(std::string_view text, std::span<const secret> secrets) {
    std::string to = without_passwords(text);
    for (const secret& s : secrets) {
        if (s.text.size() < concealed_min_bytes) continue;
        for (std::size_t at = 0; (at = to.find(s.text, at)) != to.npos; at += s.shown.size()) {
            to.replace(at, s.text.size(), s.shown);
        }
    }
    return to;
}

std::string url_in_quotes(std::string_view url) {
    const std::size_t user_end = url.rfind('@'), mark = url.find("://"), colon = url.find(':');
    if (user_end == url.npos) return in_quotes(without_forgotten_password(url));
    std::size_t begin = mark != url.npos ? mark + 3 : colon != url.npos ? colon + 1 : 0;
    if (begin > user_end) begin = 0;
    return in_quotes(std::string(url.substr(0, begin)).append(hidden).append(url.substr(user_end)));
}

}  // namespace freshet
