#include "protocol/classic_client.hpp"

#include <charconv>
#include <cstddef>
#include <stdexcept>

namespace freshet {

namespace {

constexpr std::string_view line_end = "\r\n", behind_value = "\r\nEND\r\n";

/// Of "VALUE <key> <flags> <bytes>".
std::size_t value_size(std::string_view head) {
    const std::string_view digits = head.substr(head.rfind(' ') + 1);
    std::size_t size = 0;
    const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), size);
    if (ec != std::errc{} || end != digits.data() + digits.size())
        throw std::runtime_error("the server's answer has no length");
    return size;
}

}  // namespace

void append_get(std::string& to, std::string_view key) {
    to.append("get ").append(key).append(line_end);
}

void append_set(std::string& to, std::string_view key, std::string_view value) {
    to.append("set ").append(key).append(" 0 0 ").append(std::to_string(value.size())).append(line_end);
    to.append(value).append(line_end);
}

std::optional<classic_answer> next_answer(std::string_view& input) {
    const std::size_t end = input.find(line_end);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view line = input.substr(0, end);
    const std::size_t behind_line = end + line_end.size();
    if (!line.starts_with("VALUE ")) {
        input.remove_prefix(behind_line);
        return classic_answer{line == "END" ? classic_answer::kind::miss : classic_answer::kind::line, line};
    }
    const std::size_t size = value_size(line);
    const std::size_t left = input.size() - behind_line;
    if (left < behind_value.size() || left - behind_value.size() < size) return std::nullopt;
    const std::string_view value = input.substr(behind_line, size);
    if (input.substr(behind_line + size, behind_value.size()) != behind_value)
        throw std::runtime_error("the server's value does not end where it said");
    input.remove_prefix(behind_line + size + behind_value.size());
    return classic_answer{classic_answer::kind::value, value};
}

}  // namespace freshet
