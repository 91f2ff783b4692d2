// A file as a tree of plain values, each with the place where it stands. Nothing here knows TOML's library.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace freshet::reading {

/// 1-based; 0: none.
struct place {
    unsigned line{0};
    unsigned column{0};
    auto operator<=>(const place&) const = default;
};

struct entry;
struct value;
using list = std::vector<value>;
using table = std::vector<entry>;  ///< in file order

struct value {
    place at{};
    /// monostate: a date or time, which no option takes. No {}, for which clang wants a complete entry.
    std::variant<std::monostate, bool, std::int64_t, double, std::string, list, table> data;

    const std::string* text() const { return std::get_if<std::string>(&data); }
    const list* items() const { return std::get_if<list>(&data); }
    const table* entries() const { return std::get_if<table>(&data); }
};

struct entry {
    std::string key;
    place at{};  ///< of the key
    reading::value value{};
};

/// "a number", "a list" ... for sentences.
std::string_view kind_of(const value& v);

struct parsed {
    table root{};
    place at{};           ///< of the syntax error
    std::string error{};  ///< a sentence; empty: the root can be used
};

/// Never throws; a file has one syntax error at most, since nothing behind it can be trusted.
parsed parse(std::string_view toml);

}  // namespace freshet::reading
