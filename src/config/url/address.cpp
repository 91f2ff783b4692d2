#include "config/url/address.hpp"

#include <freshet/config.hpp>
#include <freshet/error.hpp>

#include "base/escape.hpp"
#include "base/unix_socket.hpp"
#include "base/whole_number.hpp"
#include "config/url/broker_url.hpp"
#include "config/url/server_address.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>

namespace freshet::reading {

namespace {

bool is_ipv6(std::string_view text) {
    in6_addr to;
    return ::inet_pton(AF_INET6, std::string(text).c_str(), &to) == 1;
}

/// An IPv4 address or a name.
bool is_host(std::string_view text) {
    const auto good = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
    };
    if (text.empty() || text.size() > 253 || !std::all_of(text.begin(), text.end(), good)) return false;
    if (text.find_first_not_of("0123456789.") != std::string_view::npos) return true;
    in_addr to;
    return ::inet_pton(AF_INET, std::string(text).c_str(), &to) == 1;
}

std::optional<std::uint16_t> port_of(std::string_view text) { return whole_number<std::uint16_t>(text); }

struct host_port {
    std::string_view host;
    std::optional<std::string_view> port;
};

/// "HOST", "HOST:PORT", "[IPV6]" or "[IPV6]:PORT".
std::optional<host_port> split(std::string_view text, every_host every) {
    host_port to;
    std::size_t end = text.find(':');
    if (text.starts_with('[')) {
        end = text.find(']');
        if (end == std::string_view::npos || !is_ipv6(text.substr(1, end - 1))) return std::nullopt;
        ++end;
    }
    to.host = text.substr(0, end);
    if (!text.starts_with('[') && !is_host(to.host) && !(every == every_host::is_a_star && to.host == "*"))
        return std::nullopt;
    if (end >= text.size()) return to;
    if (text[end] != ':') return std::nullopt;
    to.port = text.substr(end + 1);
    return to;
}

constexpr std::string_view scheme_of(std::string_view url) {
    return url.substr(0, std::min(url.find(':'), url.size()));
}

}  // namespace

std::string wrong_listen_address(std::string_view address) {
    if (address.starts_with("unix:")) {
        const std::string_view path = address.substr(5);
        if (!path.starts_with('/') || path.ends_with('/') || path.find('\0') != std::string_view::npos) {
            return fmt::format("{} is no address; a socket file is \"unix:/PATH\", with the whole path",
                               in_quotes(address));
        }
        if (path.size() > unix_path_max)
            return fmt::format("the path of a socket has at most {} bytes, this one has {}", unix_path_max,
                               path.size());
        return {};
    }
    const auto parts = split(address, every_host::is_a_star);
    if (!parts || !parts->port) {
        const bool bare_ipv6 = std::count(address.begin(), address.end(), ':') > 1 && !address.starts_with('[');
        return fmt::format("{} is no address; write {}", in_quotes(address),
                           bare_ipv6 ? "an IPv6 address in brackets, as in \"[::1]:11311\""
                                     : "\"HOST:PORT\", \"[IPV6]:PORT\" or \"unix:/PATH\"");
    }
    if (!port_of(*parts->port)) return fmt::format("{} is no port; ports are 0 to 65535", in_quotes(*parts->port));
    return {};
}

std::optional<host_and_port> split_address(std::string_view text, every_host every) {
    const auto parts = split(text, every);
    if (!parts) return std::nullopt;
    host_and_port to;
    to.host = parts->host.starts_with('[') ? parts->host.substr(1, parts->host.size() - 2) : parts->host;
    if (!parts->port) return to;
    to.port = port_of(*parts->port);
    if (!to.port) return std::nullopt;
    return to;
}

std::string join_address(std::string_view host, std::uint16_t port) {
    return host.find(':') == host.npos ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
}

std::string wrong_http_url(std::string_view url) {
    const std::string_view scheme = url.starts_with("https://") ? "https://" : "http://";
    if (!url.starts_with(scheme)) {
        return fmt::format(
            "{} cannot be called; write \"http://HOST[:PORT]/PATH\", \"https://...\", or {{ exec = [\"/PATH\", ...] }} "
            "for a program",
            in_quotes(url));
    }
    if (has_blank_or_control(url)) return "a URL has no spaces or control characters; write them as %20 and so on";
    const std::string_view behind = url.substr(scheme.size());
    const std::string_view authority = behind.substr(0, std::min(behind.find_first_of("/?#"), behind.size()));
    if (authority.find('@') != std::string_view::npos)
        return "a user name and password in a URL that is called are not in this version";
    if (url.find('#') != std::string_view::npos) return "a URL that is called has no '#'; write it as %23";
    const auto parts = split(authority, every_host::is_none);
    if (!parts) return fmt::format("{} has no host; write \"{}HOST[:PORT]/PATH\"", in_quotes(url), scheme);
    const auto port = parts->port ? port_of(*parts->port) : std::optional<std::uint16_t>{80};
    if (!port || *port == 0) return fmt::format("{} is no port; ports are 1 to 65535", in_quotes(*parts->port));
    return {};
}

std::string wrong_store_url(std::string_view url) {
    if (url == "memory:") return {};
    const std::string_view scheme = scheme_of(url);
    if (scheme == "memory")
        return "a store in this process is \"memory:\", with nothing behind it; size = \"1GiB\" says how large";
    if (scheme == "memcached" || scheme == "unix") {
        const auto address = parse_server_address(url);
        return address ? std::string() : address.error().text;
    }
    return fmt::format(
        "{} is no store; write url = \"memory:\", or \"memcached://HOST:PORT\" for each server of a pool",
        in_quotes(scheme));
}

std::string wrong_journal_url(std::string_view url) {
    const std::string_view scheme = scheme_of(url);
    if (scheme != "journal" || url.size() == scheme.size())
        return fmt::format("{} is no journal; write \"journal:\" or \"journal:/PATH\"", in_quotes(url));
    const std::string_view path = url.substr(scheme.size() + 1);
    if (path.starts_with("//")) return "a journal is a file of this machine; write \"journal:/PATH\"";
    if (path.ends_with('/') || path.find('\0') != std::string_view::npos)
        return fmt::format("{} names no file; write \"journal:/PATH\"", in_quotes(url));
    return {};
}

std::string wrong_queue_url(std::string_view url) {
    const std::string_view scheme = scheme_of(url);
    if (scheme == "journal" && url.size() > scheme.size()) return wrong_journal_url(url);
    if (is_broker_url(url)) {
        const auto parsed = parse_broker_url(url);
        return parsed ? std::string() : parsed.error().text;
    }
    return fmt::format(
        "{} is no queue; write url = \"journal:\" or \"journal:/PATH\", \"amqp://...\" for RabbitMQ or "
        "\"kafka://...\"",
        in_quotes(scheme));
}

}  // namespace freshet::reading
