// A configuration while it is read: what a file says, each section with the places that later checks point at. On the
// way: value.hpp (the tree) -> draft -> check.cpp (together) -> complete.cpp (what was left out) -> config.
#pragma once

#include <freshet/config.hpp>

#include "base/escape.hpp"
#include "config/environment.hpp"
#include "config/value.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace freshet::reading {

/// Where a section and the values in it stand.
struct places {
    struct of_value {
        std::string_view key;  ///< of the table of options
        place at{};
        std::string filled{};  ///< the text as it stands there, where variables are filled in
    };
    place section{};
    std::vector<of_value> values{};

    const of_value* find(std::string_view key) const {
        for (const of_value& v : values) {
            if (v.key == key) return &v;
        }
        return nullptr;
    }
    bool has(std::string_view key) const { return find(key) != nullptr; }
    /// Of the value, or of the section that lacks it.
    place of(std::string_view key) const {
        const of_value* const found = find(key);
        return found != nullptr ? found->at : section;
    }
    /// What a sentence shows of a value: its text, or how it stands there where variables are filled in.
    std::string shown(std::string_view key, std::string text) const {
        const of_value* const found = find(key);
        return found == nullptr || found->filled.empty() ? text : in_quotes(found->filled);
    }
};

template <class Section>
struct found {
    Section value{};
    places at{};
};

struct draft {
    found<site_config> site{};
    found<server_config> server{};
    found<queue_config> made_queues{};  ///< [queue."*"]
    std::vector<found<store_config>> stores{};
    std::vector<found<queue_config>> queues{};
    std::vector<found<route_config>> routes{};
    std::vector<found<flow_config>> flows{};
    std::vector<mistake> mistakes{};
    std::vector<mistake> warnings{};  ///< of what is right, and probably not meant
    filled_texts filled{};

    void say(place at, std::string sentence) { mistakes.push_back({at.line, at.column, std::move(sentence)}); }
    /// Of the value of an option. An empty sentence: nothing.
    void say_if_wrong(const places& in, std::string_view key, const std::string& wrong) {
        if (!wrong.empty()) say(in.of(key), std::string(key) + ": " + wrong);
    }
    void warn(place at, std::string sentence) { warnings.push_back({at.line, at.column, std::move(sentence)}); }
};

/// Every section and option by itself.
void read_sections(const table& root, draft& to);
struct sections;
struct option;
/// One option. True: the value was right and is where the option says.
bool read_option(const option& o, const value& from, sections& to, places& at, draft& d);

/// What sections say of each other.
void check_together(draft& d);
/// Of them, `copies`.
void check_copies(draft& d);
/// Null: there is none.
const found<queue_config>* queue_named(const std::string& name, const draft& d);
/// The flow that applies changes of this queue, or null.
const found<flow_config>* applier_of(const std::string& queue, const draft& d);
/// "there is no queue ...".
std::string no_queue(const std::string& name, const draft& d);
/// What is right, and probably not meant. The draft has no mistakes.
void warn_of(draft& d);
void warn_of_copies(draft& d);
/// The parts that the file leaves out, see docs/config.md. The draft has no mistakes, but may get one.
config complete(draft& d);

}  // namespace freshet::reading
