#include "store/statistics.hpp"

#include "base/whole_number.hpp"
#include "protocol/command_line.hpp"

#include <algorithm>
#include <cstdint>
#include <set>

namespace freshet {

namespace {

/// The last part of "items:1:age".
std::string_view last_part(std::string_view name) { return name.substr(name.rfind(':') + 1); }

bool is_property(std::string_view name) {
    constexpr std::string_view properties[] = {"pid",
                                               "uptime",
                                               "time",
                                               "pointer_size",
                                               "age",
                                               "age_hot",
                                               "age_warm",
                                               "mem_requested_age",
                                               "chunk_size",
                                               "chunks_per_page",
                                               "hash_power_level",
                                               "accepting_conns",
                                               "hash_is_expanding",
                                               "slab_reassign_running",
                                               "time_since_server_start"};
    const std::string_view last = last_part(name);
    return std::find(std::begin(properties), std::end(properties), last) != std::end(properties);
}

template <class Use>
void for_each_line(std::string_view lines, Use use) {
    while (!lines.empty()) {
        std::string_view line = lines.substr(0, lines.find("\r\n"));
        lines.remove_prefix(std::min(lines.size(), line.size() + 2));
        if (next_token(line) != "STAT") continue;
        const std::string_view name = next_token(line);
        if (!line.empty() && line.front() == ' ') line.remove_prefix(1);
        use(name, line);
    }
}

}  // namespace

void append(const statistic& one, bytes& to) {
    to.append("STAT ");
    to.append(one.name);
    to.push(' ');
    to.append(one.value);
    to.append("\r\n");
}

void statistics_sum::add(std::string_view lines) {
    for_each_line(lines, [this](std::string_view name, std::string_view value) {
        const auto same = std::find_if(all_.begin(), all_.end(), [&](const statistic& s) { return s.name == name; });
        if (same == all_.end()) {
            all_.push_back({std::string(name), std::string(value)});
            return;
        }
        const auto a = whole_number<std::uint64_t>(same->value);
        const auto b = whole_number<std::uint64_t>(value);
        if (a && b && !is_property(name)) same->value = std::to_string(*a + *b);
    });
}

void statistics_sum::finish(bytes& to) const {
    std::set<std::string, std::less<>> said;
    for_each_line(to.view(), [&](std::string_view name, std::string_view) { said.emplace(name); });
    for (const statistic& one : all_) {
        if (!said.contains(one.name)) append(one, to);
    }
    to.append("END\r\n");
}

}  // namespace freshet
