#include "admin/answer.hpp"

#include "base/escape.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace freshet {

namespace {
constexpr std::size_t names_shown = 20;
}

command_answer no_such_queue(std::string_view name, const std::vector<journal*>& journals) {
    std::vector<std::string> names;
    for (const journal* const j : journals) {
        const auto some = j->names();
        names.insert(names.end(), some.begin(), some.end());
    }
    std::sort(names.begin(), names.end());
    std::string text =
        fmt::format("there is no queue {}; there {}", in_quotes(name), names.empty() ? "is none yet" : "are: ");
    for (std::size_t i = 0; i < std::min(names.size(), names_shown); ++i)
        fmt::format_to(std::back_inserter(text), "{}{}", i == 0 ? "" : ", ", escaped(names[i]));
    if (names.size() > names_shown)
        fmt::format_to(std::back_inserter(text), " and {} more", names.size() - names_shown);
    return {false, text + "\n"};
}

}  // namespace freshet
