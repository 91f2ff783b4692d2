#include "base/log_limit.hpp"

#include <fmt/format.h>

#include <functional>

namespace freshet {

bool log_limit::admits(std::string_view line, steady::time_point now) {
    kind& k = kinds_[std::hash<std::string_view>{}(line.substr(0, alike_bytes)) % kinds];
    if (now - k.since >= window && k.more == 0) forget(k, now);
    if (k.written < of_a_kind && k.more == 0) {
        ++k.written;
        return true;
    }
    if (k.more++ == 0) {
        ++kinds_with_more_;
        k.first_of_them = line.substr(0, shown_bytes);
    }
    return false;
}

std::string log_limit::summary(const kind& k) {
    return fmt::format("and {} more lines, the first of them: {}", k.more, k.first_of_them);
}

void log_limit::forget(kind& k, steady::time_point now) {
    if (k.more != 0) --kinds_with_more_;
    k.more = 0;
    k.written = 0;
    k.since = now;
}

}  // namespace freshet
