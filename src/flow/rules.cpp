#include <freshet/config.hpp>
#include <freshet/error.hpp>
#include <freshet/message.hpp>
#include <freshet/time.hpp>

#include "base/escape.hpp"
#include "flow/runner.hpp"
#include "protocol/exptime.hpp"
#include "protocol/request.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace freshet {

milliseconds backoff(const queue_options& options, unsigned attempt, double jitter) {
    milliseconds delay = options.backoff_min;
    for (unsigned n = 1; n < attempt && delay < options.backoff_max; ++n) delay *= 2;
    delay += milliseconds(static_cast<milliseconds::rep>(static_cast<double>(delay.count()) / 4 * jitter));
    return std::min(delay, options.backoff_max);
}

bool is_last_attempt(const queue_options& options, unsigned attempt) {
    return options.max_attempts != 0 && attempt >= options.max_attempts;
}

bool is_exhausted(const queue_options& options, unsigned attempt) {
    return options.max_attempts != 0 && attempt > options.max_attempts;
}

result<std::string> result_key(std::string_view pattern, const message& m, std::string_view queue_name) {
    std::string key;
    while (!pattern.empty()) {
        const auto fill = [&](std::string_view name, std::string_view with) {
            if (!pattern.starts_with(name)) return false;
            key += with;
            pattern.remove_prefix(name.size());
            return true;
        };
        if (fill("{id}", m.id) || fill("{key}", m.key) || fill("{queue}", queue_name)) continue;
        key += pattern.front();
        pattern.remove_prefix(1);
    }
    const char* why = nullptr;
    if (key.empty()) why = "is empty";
    if (key.size() > key_size_max) why = "is longer than 250 bytes";
    if (has_blank_or_control(key)) why = "has blanks or control characters";
    if (why == nullptr) return key;
    return problem{errc::refused, effect::not_done, fmt::format("the key of the result {}", why)};
}

std::string error_value(std::string_view reason) { return fmt::format("ERROR {}", reason); }

std::int64_t exptime(seconds ttl, wall::time_point now) {
    if (ttl.count() <= exptime_relative_max) return std::max<std::int64_t>(ttl.count(), 0);
    return std::chrono::duration_cast<seconds>(now.time_since_epoch()).count() + ttl.count();
}

std::string one_line(std::string_view text) {
    std::string line(text);
    for (char& c : line) {
        if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = ' ';
    }
    const auto first = line.find_first_not_of(' ');
    if (first == std::string::npos) return {};
    line.erase(line.find_last_not_of(' ') + 1);
    line.erase(0, first);
    return line;
}

}  // namespace freshet
