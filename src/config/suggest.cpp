#include "config/suggest.hpp"

#include "base/escape.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <numeric>

namespace freshet::reading {

namespace {

constexpr std::size_t length_max = 64;  // beyond it nothing is compared: the work grows with the square

/// Edits from one to the other: a character put in, left out, changed, or two neighbours swapped.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), now(b.size() + 1);
    std::iota(last.begin(), last.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        now[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t change = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            now[j] = std::min({last[j] + 1, now[j - 1] + 1, change});
            const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped) now[j] = std::min(now[j], before[j - 2] + 1);
        }
        before.swap(last);
        last.swap(now);
    }
    return last[b.size()];
}

}  // namespace

std::string_view nearest(std::string_view given, const std::vector<std::string_view>& known) {
    if (given.size() > length_max) return {};
    std::string_view best;
    std::size_t least = std::max<std::size_t>(1, given.size() / 3) + 1;
    for (const std::string_view name : known) {
        if (name.size() > length_max) continue;
        const std::size_t d = distance(given, name);
        if (d < least) least = d, best = name;
    }
    return best;
}

std::string suggestion(std::string_view given, const std::vector<std::string_view>& known) {
    constexpr std::size_t named_max = 12;
    if (const auto best = nearest(given, known); !best.empty())
        return fmt::format(", did you mean {}?", in_quotes(best));
    if (known.empty()) return "; there is none";
    std::string names;
    for (std::size_t i = 0; i < std::min(known.size(), named_max); ++i) {
        names += fmt::format("{}{}", i == 0 ? "" : ", ", escaped(known[i]));
    }
    return fmt::format("; there {} {}{}", known.size() == 1 ? "is" : "are", names,
                       known.size() > named_max ? ", ..." : "");
}

}  // namespace freshet::reading
