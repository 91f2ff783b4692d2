#include "route/task_key.hpp"

#include "base/whole_number.hpp"

#include <algorithm>
#include <utility>

namespace freshet {

namespace {

bool parse_verb(std::string_view word, task_key& key) noexcept {
    if (word == "open") return !std::exchange(key.open, true);
    if (word == "close") return !std::exchange(key.close, true) && !key.open;
    if (word == "abort") return !std::exchange(key.abort, true);
    const bool wait = word.starts_with("t=");
    const auto n = whole_number<std::uint64_t>(wait ? word.substr(2) : word);
    if (!n) return false;
    if (wait) key.wait = milliseconds(std::min(*n, static_cast<std::uint64_t>(task_wait_max.count())));
    else key.number = *n;
    return wait || *n != 0;
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

}  // namespace freshet
