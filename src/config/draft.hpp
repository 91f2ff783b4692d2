// A configuration while it is read: what a file says, each section with the places that later checks point at. On the
// way: value.hpp (the tree) -> draft -> check.cpp (together) -> complete.cpp (what was left out) -> config.
#pragma once

#include <freshet/config.hpp>

#include "config/value.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace freshet::reading {

/// Where a section and the values in it stand.
struct places {
    place section{};
    std::vector<std::pair<std::string_view, place>> values{};  ///< by the keys of the table of options

    bool has(std::string_view key) const {
        for (const auto& [k, at] : values) {
            if (k == key) return true;
        }
        return false;
    }
    /// Of the value, or of the section that lacks it.
    place of(std::string_view key) const {
        for (const auto& [k, at] : values) {
            if (k == key) return at;
        }
        return section;
    }
};

template <class Section>
struct found {
    Section value{};
    places at{};
};

struct draft {
    found<server_config> server{};
    found<queue_config> made_queues{};  ///< [queue."*"]
    std::vector<found<store_config>> stores{};
    std::vector<found<queue_config>> queues{};
    std::vector<found<route_config>> routes{};
    std::vector<found<flow_config>> flows{};
    std::vector<mistake> mistakes{};

    void say(place at, std::string sentence) { mistakes.push_back({at.line, at.column, std::move(sentence)}); }
};

/// Every section and option by itself.
void read_sections(const table& root, draft& to);
struct sections;
struct option;
/// One option. True: the value was right and is where the option says.
bool read_option(const option& o, const value& from, sections& to, places& at, draft& d);

/// What sections say of each other.
void check_together(draft& d);
/// The parts that the file leaves out, see docs/config.md. The draft has no mistakes, but may get one.
config complete(draft& d);

}  // namespace freshet::reading
