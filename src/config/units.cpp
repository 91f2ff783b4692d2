#include "config/units.hpp"

#include <freshet/error.hpp>

#include "base/bytes.hpp"
#include "base/whole_number.hpp"

#include <iterator>
#include <limits>
#include <span>

namespace freshet::reading {

namespace {

struct unit {
    std::string_view name;
    std::uint64_t factor;
};

constexpr unit times[] = {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}};
constexpr unit sizes[] = {
    {"TiB", std::uint64_t{1} << 40},
    {"TB", 1'000'000'000'000},
    {"GiB", std::uint64_t{1} << 30},
    {"GB", 1'000'000'000},
    {"MiB", 1 << 20},
    {"MB", 1'000'000},
    {"KiB", 1 << 10},
    {"KB", 1'000},
    {"B", 1},
};

std::optional<std::uint64_t> parse(std::string_view text, std::span<const unit> units, bool bare) {
    const auto number = take_whole_number<std::uint64_t>(text);
    if (!number) return std::nullopt;
    constexpr auto number_max = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (text.empty() && bare && *number <= number_max) return number;
    if (text.starts_with(' ')) text.remove_prefix(1);
    for (const unit& u : units) {
        if (text != u.name) continue;
        if (*number > number_max / u.factor) break;
        return *number * u.factor;
    }
    return std::nullopt;
}

std::string format(std::uint64_t number, std::span<const unit> units) {
    if (number == 0) return "0" + std::string(units.back().name);
    for (const unit& u : units) {
        if (number % u.factor == 0) return std::to_string(number / u.factor) + std::string(u.name);
    }
    return {};
}

}  // namespace

std::optional<milliseconds> parse_time(std::string_view text) {
    const auto number = parse(text, times, false);
    if (!number) return std::nullopt;
    return milliseconds{static_cast<std::int64_t>(*number)};
}

std::optional<std::uint64_t> parse_size(std::string_view text) { return parse(text, sizes, true); }

std::string format_time(milliseconds t) {
    if (t.count() == 0) return "0s";
    return format(static_cast<std::uint64_t>(t.count()), times);
}

std::string format_size(std::uint64_t bytes) {
    std::uint64_t factor = 1;
    std::string_view name = "B";
    for (const unit& u : sizes) {
        if (bytes == 0 || bytes % u.factor != 0) continue;
        if (u.factor > factor) factor = u.factor, name = u.name;
    }
    return std::to_string(bytes / factor) + std::string(name);
}

}  // namespace freshet::reading
