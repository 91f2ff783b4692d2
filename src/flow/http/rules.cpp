#include "flow/http/http.hpp"

#include <freshet/time.hpp>

#include "base/whole_number.hpp"
#include "flow/worker.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace freshet {

namespace {

constexpr auto number = [](std::string_view text) { return whole_number<unsigned>(text); };

/// "Sun, 06 Nov 1994 08:49:37 GMT", the one form that may still be sent.
std::optional<std::chrono::sys_seconds> parse_date(std::string_view text) {
    constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    if (text.size() != 29 || text.substr(25) != " GMT" || text[19] != ':' || text[22] != ':') return std::nullopt;
    const auto month = std::find(months.begin(), months.end(), text.substr(8, 3));
    const auto day = number(text.substr(5, 2)), year = number(text.substr(12, 4));
    const auto hour = number(text.substr(17, 2)), minute = number(text.substr(20, 2)),
               second = number(text.substr(23, 2));
    if (month == months.end() || !day || !year || !hour || !minute || !second) return std::nullopt;
    const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(*year)),
                                           std::chrono::month(static_cast<unsigned>(month - months.begin()) + 1),
                                           std::chrono::day(*day));
    if (!date.ok()) return std::nullopt;
    return std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) + seconds(*second);
}

}  // namespace

milliseconds parse_retry_after(std::string_view text, wall::time_point now) {
    if (const auto delay = number(text)) return seconds(*delay);
    const auto date = parse_date(text);
    const auto since = std::chrono::floor<milliseconds>(now);  // nanoseconds would end in 2262
    if (!date || *date <= since) return milliseconds{0};
    return *date - since;
}

enum work_result::verdict judge_status(unsigned status) {
    const bool for_good = status >= 400 && status < 500 && status != 408 && status != 425 && status != 429;
    return for_good ? work_result::verdict::dead : work_result::verdict::retry;
}

}  // namespace freshet
