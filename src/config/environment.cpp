#include "config/environment.hpp"

#include "base/escape.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>

namespace freshet::reading {

namespace {

bool is_variable(std::string_view text) {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    return !text.empty() && letter(text.front()) &&
           std::all_of(text.begin(), text.end(), [&](char c) { return letter(c) || digit(c); });
}

void append_encoded(std::string& to, std::string_view text) {
    constexpr std::string_view unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (const char c : text) {
        if (unreserved.find(c) != std::string_view::npos) to += c;
        else fmt::format_to(std::back_inserter(to), "%{:02X}", static_cast<unsigned char>(c));
    }
}

}  // namespace

std::string wrong_variable(std::string_view name) {
    if (!is_variable(name)) return fmt::format("{} is no name of an environment variable", in_quotes(name));
    if (name.starts_with("FRESHET_"))
        return fmt::format("{} is not for you to name: those that begin so tell the program of its task",
                           in_quotes(name));
    return {};
}

expansion expand_environment(std::string_view text) {
    constexpr std::string_view hint = "; $${ stands for ${ itself";
    expansion to;
    for (std::size_t at = 0; at < text.size();) {
        const std::string_view rest = text.substr(at);
        if (rest.starts_with("$${")) {
            to.text += "${";
            at += 3;
        } else if (rest.starts_with("${")) {
            const std::size_t end = rest.find('}');
            if (end == std::string_view::npos) {
                to.mistake = fmt::format("'${{' without '}}'{}", hint);
                return to;
            }
            const std::string name(rest.substr(2, end - 2));
            if (!is_variable(name)) {
                to.mistake = fmt::format("{} is no name of an environment variable{}", in_quotes(name), hint);
                return to;
            }
            const char* const found = std::getenv(name.c_str());
            if (found == nullptr) {
                to.mistake = fmt::format("the environment variable {} is not set{}", name, hint);
                return to;
            }
            if (to.text.find("://") != std::string::npos) append_encoded(to.text, found);
            else to.text += found;
            at += end + 1;
        } else {
            to.text += text[at++];
        }
    }
    return to;
}

}  // namespace freshet::reading
