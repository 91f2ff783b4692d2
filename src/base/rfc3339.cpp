#include "base/rfc3339.hpp"

#include "base/since_1970.hpp"
#include "base/whole_number.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace freshet {

namespace {

/// So many digits, and then `end` (0: nothing is looked at), are taken from the text.
bool take_number(std::string_view& text, std::size_t digits, char end, int& n) noexcept {
    if (text.size() < digits + (end != 0 ? 1 : 0)) return false;
    const auto number = whole_number<unsigned>(text.substr(0, digits));
    if (!number || (end != 0 && text[digits] != end)) return false;
    n = static_cast<int>(*number);
    text.remove_prefix(digits + (end != 0 ? 1 : 0));
    return true;
}

bool take_milliseconds(std::string_view& text, int& ms) noexcept {
    ms = 0;
    if (!text.starts_with('.')) return true;
    text.remove_prefix(1);
    std::size_t digits = 0;
    for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
        if (digits < 3) ms = ms * 10 + (text[digits] - '0');
    }
    for (std::size_t i = digits; i < 3; ++i) ms *= 10;
    text.remove_prefix(digits);
    return digits != 0;
}

bool take_offset(std::string_view text, std::chrono::minutes& offset) noexcept {
    if (text == "Z" || text == "z") return true;
    if (!text.starts_with('+') && !text.starts_with('-')) return false;
    const int sign = text.front() == '-' ? -1 : 1;
    int hours = 0, minutes = 0;
    text.remove_prefix(1);
    if (!take_number(text, 2, ':', hours) || !take_number(text, 2, 0, minutes) || !text.empty()) return false;
    offset = std::chrono::minutes(sign * (hours * 60 + minutes));
    return true;
}

}  // namespace

std::string_view rfc3339::tell(wall::time_point time) {
    constexpr std::size_t whole = sizeof "2026-01-02T03:04:05" - 1;
    const std::int64_t ms = std::chrono::floor<milliseconds>(time.time_since_epoch()).count();
    const std::int64_t second = std::chrono::floor<seconds>(time.time_since_epoch()).count();
    if (second != second_) {
        second_ = second;
        fmt::format_to_n(text_.data(), whole, "{:%FT%T}", fmt::gmtime(static_cast<std::time_t>(second)));
    }
    auto rest = static_cast<unsigned>(ms - second * 1'000);
    char* const point = text_.data() + whole;
    point[0] = '.';
    for (int digit = 3; digit != 0; --digit, rest /= 10) point[digit] = static_cast<char>('0' + rest % 10);
    point[4] = 'Z';
    return {text_.data(), whole + 5};
}

std::optional<wall::time_point> parse_rfc3339(std::string_view text) noexcept {
    using namespace std::chrono;
    int y = 0, m = 0, d = 0, hour = 0, minute = 0, second = 0, ms = 0;
    if (!take_number(text, 4, '-', y) || !take_number(text, 2, '-', m) || !take_number(text, 2, 0, d)) return {};
    if (!text.starts_with('T') && !text.starts_with('t') && !text.starts_with(' ')) return {};
    text.remove_prefix(1);
    if (!take_number(text, 2, ':', hour) || !take_number(text, 2, ':', minute) || !take_number(text, 2, 0, second))
        return {};
    minutes offset{0};
    if (!take_milliseconds(text, ms) || !take_offset(text, offset)) return {};
    const year_month_day date{year(y), month(static_cast<unsigned>(m)), day(static_cast<unsigned>(d))};
    if (!date.ok() || hour > 23 || minute > 59 || second > 60) return {};
    const auto time = sys_days(date) + hours(hour) + minutes(minute) + std::chrono::seconds(second) +
                      std::chrono::milliseconds(ms) - offset;
    return from_ms_since_1970(time.time_since_epoch().count());
}

}  // namespace freshet
