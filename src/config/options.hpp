// The one table of options: reading, its sentences and docs/config.md are made of it.
#pragma once

#include <freshet/config.hpp>
#include <freshet/time.hpp>

#include "config/value.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace freshet::reading {

/// What one section of a file is read into.
struct sections {
    site_config site{};
    server_config server{};
    store_config store{};
    queue_config queue{};
    route_config route{};
    flow_config flow{};
};

/// A sentence that says what is wrong, or an empty one.
using rule = std::string (*)(std::string_view);

// Kinds of options. `at` is where the value goes; what a new section holds there is the default.

struct flag {
    bool& (*at)(sections&);
};
struct choice {  ///< one of two words
    bool& (*at)(sections&);
    std::string_view yes, no;
};
struct text {
    std::string& (*at)(sections&);
    rule wrong{nullptr};
    std::string_view form{"text"};
};
struct texts {  ///< one or a list, at least one
    std::vector<std::string>& (*at)(sections&);
    rule wrong{nullptr};
    std::string_view form{"text or a list of texts"};
};
template <class Number>
struct number {
    Number& (*at)(sections&);
    std::uint64_t least, most;
};
template <class Number>
struct size {
    Number& (*at)(sections&);
    std::uint64_t least, most;
    bool zero{false};  ///< 0 is allowed, too
};
template <class Duration>
struct time {
    Duration& (*at)(sections&);
    milliseconds least, most;
};
struct time_span {  ///< "1s..5m"
    milliseconds& (*from)(sections&);
    milliseconds& (*to)(sections&);
    milliseconds least, most;
};
struct argv {  ///< a program and its arguments
    std::vector<std::string>& (*at)(sections&);
};
struct call {  ///< a URL, or a table of options of the section "call"
    std::string& (*url)(sections&);
};

struct pairs {  ///< a table of texts
    std::vector<std::pair<std::string, std::string>>& (*at)(sections&);
};

using kind = std::variant<flag, choice, text, texts, number<unsigned>, number<std::uint64_t>, size<std::uint64_t>,
                          time<milliseconds>, time<seconds>, time_span, argv, call, pairs>;

struct option {
    std::string_view section;  ///< site, server, store, queue, route, flow; call: the table of that key in a flow
    std::string_view key;
    reading::kind kind;
    std::string_view meaning;
    std::string_view default_text{};  ///< where the default is not a value of the kind
    bool required{false};
};

std::span<const option> options();
const option* find_option(std::string_view section, std::string_view key);
std::vector<std::string_view> keys_of(std::string_view section);

/// What the design knows but this version does not.
struct later {
    std::string_view section;  ///< "": the file itself
    std::string_view key;
    std::string_view sentence;
};
const later* find_later(std::string_view section, std::string_view key);

/// "[server]", "[store.NAME]" ... as a file has it.
std::string_view header_of(std::string_view section);

// For docs/config.md and sentences.
std::string form_of(const option& o);     ///< "number, 1 to 64"
std::string default_of(const option& o);  ///< "1"

}  // namespace freshet::reading
