#include "protocol/command_line.hpp"

namespace freshet {

request_parser::line::line(std::string_view t) noexcept : text(t) {
    std::string_view rest = t;
    while (count < tokens_max) {
        const std::string_view token = next_token(rest);
        if (token.empty()) return;
        tokens[count++] = token;
    }
}

}  // namespace freshet
