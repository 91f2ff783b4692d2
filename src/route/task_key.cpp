#include "route/task_key.hpp"

#include <freshet/error.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

namespace freshet {

namespace {

bool parse_whole(std::string_view text, std::uint64_t& n) noexcept {
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
    return ec == std::errc{} && end == text.data() + text.size();
}

bool parse_verb(std::string_view word, task_key& key) noexcept {
    if (word == "open") return !std::exchange(key.open, true);
    if (word == "close") return !std::exchange(key.close, true) && !key.open;
    if (word == "abort") return !std::exchange(key.abort, true);
    std::uint64_t n = 0;
    if (word.starts_with("t=")) {
        if (!parse_whole(word.substr(2), n)) return false;
        key.wait = milliseconds(std::min<std::uint64_t>(n, static_cast<std::uint64_t>(task_wait_max.count())));
        return true;
    }
    if (!parse_whole(word, n) || n == 0) return false;
    key.number = n;
    return true;
}

}  // namespace

std::optional<task_key> parse_task_key(std::string_view rest) noexcept {
    task_key key;
    if (rest.empty()) return key;
    if (rest.front() == '#') {
        key.id = rest.substr(1);
        if (key.id.empty()) return {};
        return key;
    }
    unsigned verbs = 0;
    while (!rest.empty()) {
        if (rest.front() != '/') return {};
        rest.remove_prefix(1);
        const std::string_view word = rest.substr(0, rest.find('/'));
        if (!parse_verb(word, key)) return {};
        rest.remove_prefix(word.size());
        ++verbs;
    }
    if ((key.number != 0 || key.abort) && verbs != 1) return {};
    return key;
}

bool is_queue_name(std::string_view name) noexcept {
    const auto right = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
               c == ':' || c == '-';
    };
    return !name.empty() && name.size() <= queue_name_max && std::all_of(name.begin(), name.end(), right);
}

}  // namespace freshet
