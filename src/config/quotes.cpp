#include "config/quotes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace freshet::reading {

namespace {

constexpr std::string_view blanks = " \t\r";

std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(blanks);
    if (first == text.npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::string_view line_of(std::string_view toml, unsigned number) {
    for (unsigned n = 1; n < number; ++n) {
        const std::size_t end = toml.find('\n');
        if (end == toml.npos) return {};
        toml.remove_prefix(end + 1);
    }
    return toml.substr(0, toml.find('\n'));
}

/// Columns count characters.
std::size_t byte_of_column(std::string_view line, unsigned column) {
    std::size_t at = 0;
    for (unsigned n = 0; at < line.size(); ++at) {
        const bool begins = (static_cast<unsigned char>(line[at]) & 0xc0) != 0x80;
        if (begins && ++n == column) break;
    }
    return at;
}

/// Where in a line the value begins that the parser was at, and the key before it.
struct begun_value {
    std::string_view key{};
    std::size_t at{std::string_view::npos};  ///< npos: there is no '=' before it
};

begun_value find_value(std::string_view line, std::size_t error) {
    begun_value found;
    std::size_t word = 0;
    bool key{true};  // what comes is one
    char quote = 0;
    for (std::size_t i = 0; i < error; ++i) {
        const char c = line[i];
        if (quote != 0) {
            if (c == '\\' && quote == '"') ++i;
            else if (c == quote) quote = 0;
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (c == '=') {
            if (std::exchange(key, false)) found.key = trimmed(line.substr(word, i - word));
            found.at = word = i + 1;
        } else if (c == ',' || c == '{' || c == '[') {
            word = i + 1;
            key = key || c != '[';
            if (found.at != line.npos) found.at = word;
        }
    }
    return found;
}

bool begins_curly(std::string_view text) {
    constexpr std::array<std::string_view, 8> curly{"“", "”", "„", "‘", "’", "‚", "«", "»"};
    return std::any_of(curly.begin(), curly.end(), [text](std::string_view q) { return text.starts_with(q); });
}

bool is_yes_or_no(std::string_view text) {
    constexpr std::array<std::string_view, 10> words{"yes", "no",   "on",    "off",  "Yes",
                                                     "No",  "True", "False", "TRUE", "FALSE"};
    return std::find(words.begin(), words.end(), text) != words.end();
}

bool looks_like_text(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == ':' || c == '/' || c == '*';
    });
}

std::string right_value(std::string_view value, std::string_view key) {
    if (begins_curly(value)) return "a text stands between straight quotes, \" or ', not between curly ones";
    if (value.starts_with('"') && value.find('\\') != value.npos)
        return "a text with backslashes stands between single quotes, '";
    if (value.starts_with('"') || value.starts_with('\''))
        return value.find(value.front(), 1) == value.npos
                   ? "a text ends with the quote that it begins with, in its line"
                   : "";
    if (is_yes_or_no(value)) return "write true or false";
    if (!looks_like_text(value)) return {};
    return fmt::format("a text stands in quotes, as in {} = \"...\"", key);
}

}  // namespace

std::string right_quotes(std::string_view toml, place at) {
    constexpr std::size_t line_shown_max = 1'000;
    const std::string_view line = line_of(toml, at.line).substr(0, line_shown_max);
    const std::size_t error = byte_of_column(line, at.column);
    const begun_value found = find_value(line, error);
    if (found.at == line.npos) {
        if (!trimmed(line).starts_with('[')) return {};
        return "a name with other characters than A-Z a-z 0-9 _ and - stands in quotes, as in [queue.\"*\"]";
    }
    const std::string_view rest = trimmed(line.substr(std::min(found.at, line.size())));
    const bool quoted = rest.starts_with('"') || rest.starts_with('\'');
    return right_value(quoted ? rest : trimmed(rest.substr(0, rest.find_first_of(",]}#"))), found.key);
}

}  // namespace freshet::reading
