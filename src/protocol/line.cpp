#include "protocol/line.hpp"

namespace freshet {

request_parser::line::line(std::string_view t) noexcept : text(t) {
    std::string_view rest = t;
    while (count < tokens_max) {
        const std::string_view token = next_token(rest);
        if (token.empty()) return;
        tokens[count++] = token;
    }
}

std::string_view next_token(std::string_view& rest) noexcept {
    std::size_t begin = 0;
    while (begin < rest.size() && rest[begin] == ' ') ++begin;
    std::size_t end = begin;
    while (end < rest.size() && rest[end] != ' ') ++end;
    const std::string_view token = rest.substr(begin, end - begin);
    rest.remove_prefix(end);
    return token;
}

}  // namespace freshet
