#include "config/url/listen_address.hpp"

#include "base/conceal.hpp"
#include "base/escape.hpp"
#include "base/unix_socket.hpp"
#include "base/whole_number.hpp"
#include "config/url/address.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace freshet {

namespace {

problem wrong_address(std::string sentence) { return {errc::wrong_config, effect::not_done, std::move(sentence)}; }

std::optional<mode_t> mode_of(std::string_view octal) {
    constexpr std::size_t digits_max = 4;
    constexpr mode_t mode_max = 0777;
    mode_t mode = 0;
    if (octal.empty() || octal.size() > digits_max) return std::nullopt;
    for (const char c : octal) {
        if (c < '0' || c > '7') return std::nullopt;
        mode = mode * 8 + static_cast<mode_t>(c - '0');
    }
    return mode <= mode_max ? std::optional(mode) : std::nullopt;
}

/// What is wrong with "mode=0660&group=NAME".
std::string read_rights(std::string_view query, listen_address& to) {
    while (!query.empty()) {
        const std::string_view one = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(query.size(), one.size() + 1));
        const std::size_t equals = one.find('=');
        const std::string_view key = one.substr(0, equals);
        const std::string_view text = equals == one.npos ? std::string_view() : one.substr(equals + 1);
        if (key == "mode") {
            to.mode = mode_of(text);
            if (!to.mode)
                return fmt::format("{} is no mode of a socket file; write its rights in octal, as in mode=0660",
                                   in_quotes(text));
        } else if (key == "group" && !text.empty()) {
            to.group = text;
        } else {
            return "behind '?' of a socket file stand mode=0660 and group=NAME, with '&' between them";
        }
    }
    return {};
}

result<listen_address> parse_socket_file(std::string_view text) {
    listen_address to;
    const std::string_view rest = text.substr(text.find(':') + 1);
    const std::string_view path = rest.substr(0, rest.find('?'));
    if (!path.starts_with('/') || path.ends_with('/') || path.find('\0') != path.npos)
        return wrong_address(
            fmt::format("{} is no address; a socket file is \"unix:/PATH\", with the whole path", url_in_quotes(text)));
    if (path.size() > unix_path_max)
        return wrong_address(
            fmt::format("the path of a socket has at most {} bytes, this one has {}", unix_path_max, path.size()));
    to.path = path;
    if (path.size() == rest.size()) return to;
    if (std::string wrong = read_rights(rest.substr(path.size() + 1), to); !wrong.empty())
        return wrong_address(std::move(wrong));
    return to;
}

}  // namespace

result<listen_address> parse_listen_address(std::string_view text) {
    if (text.starts_with("unix:")) return parse_socket_file(text);
    const auto parts = reading::split_host_and_port(text, reading::every_host::is_a_star);
    if (!parts || !parts->port || text.find('/') != text.npos) {
        const bool bare_ipv6 = std::count(text.begin(), text.end(), ':') > 1 && !text.starts_with('[');
        return wrong_address(fmt::format("{} is no address; write {}", url_in_quotes(text),
                                         bare_ipv6 ? "an IPv6 address in brackets, as in \"[::1]:11311\""
                                                   : "\"HOST:PORT\", \"[IPV6]:PORT\" or \"unix:/PATH\""));
    }
    const auto port = whole_number<std::uint16_t>(*parts->port);
    if (!port) return wrong_address(fmt::format("{} is no port; ports are 0 to 65535", url_in_quotes(*parts->port)));
    listen_address to;
    to.host = reading::without_brackets(parts->host);
    to.port = *port;
    return to;
}

}  // namespace freshet
