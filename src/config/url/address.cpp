#include "config/url/address.hpp"

#include <freshet/config.hpp>
#include <freshet/error.hpp>

#include "base/conceal.hpp"
#include "base/escape.hpp"
#include "base/whole_number.hpp"
#include "config/url/broker_url.hpp"
#include "config/url/http_url.hpp"
#include "config/url/listen_address.hpp"
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

constexpr std::string_view scheme_of(std::string_view url) {
    return url.substr(0, std::min(url.find(':'), url.size()));
}

}  // namespace

std::optional<written_address> split_host_and_port(std::string_view text, every_host every) {
    written_address to;
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

std::string_view without_brackets(std::string_view host) {
    return host.starts_with('[') ? host.substr(1, host.size() - 2) : host;
}

std::optional<host_and_port> split_address(std::string_view text, every_host every) {
    const auto parts = split_host_and_port(text, every);
    if (!parts) return std::nullopt;
    host_and_port to;
    to.host = without_brackets(parts->host);
    if (!parts->port) return to;
    to.port = port_of(*parts->port);
    if (!to.port) return std::nullopt;
    return to;
}

std::string wrong_server(std::string_view server) {
    if (server.find(',') != server.npos) return "one URL names one server; write a list of URLs, each with its scheme";
    const auto parts = split_host_and_port(server, every_host::is_none);
    if (!parts && !server.starts_with('[') && std::count(server.begin(), server.end(), ':') > 1)
        return "an IPv6 address stands in brackets, as in [::1]";
    if (!parts) {
        const std::string_view host = server.substr(0, server.rfind(':'));
        return host.empty() ? "there is no host in it" : fmt::format("{} is no host", in_quotes(host));
    }
    if (!parts->port || port_of(*parts->port).value_or(0) != 0) return {};
    // other text may be a password whose '@' was forgotten
    const bool number = parts->port->find_first_not_of("0123456789") == parts->port->npos;
    return fmt::format("{} is no port; ports are 1 to 65535",
                       number ? in_quotes(*parts->port) : "what stands behind its ':'");
}

std::string join_address(std::string_view host, std::uint16_t port) {
    return host.find(':') == host.npos ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
}

std::string wrong_listen_address(std::string_view address) {
    const auto parsed = parse_listen_address(address);
    return parsed ? std::string() : parsed.error().text;
}

std::string wrong_http_url(std::string_view url) {
    const auto parsed = parse_http_url(url);
    return parsed ? std::string() : parsed.error().text;
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
        url_in_quotes(scheme));
}

std::string wrong_journal_url(std::string_view url) {
    const std::string_view scheme = scheme_of(url);
    if (scheme != "journal" || url.size() == scheme.size())
        return fmt::format("{} is no journal; write \"journal:\" or \"journal:/PATH\"", url_in_quotes(url));
    const std::string_view path = url.substr(scheme.size() + 1);
    if (path.starts_with("//")) return "a journal is a file of this machine; write \"journal:/PATH\"";
    if (path.ends_with('/') || path.find('\0') != std::string_view::npos)
        return fmt::format("{} names no file; write \"journal:/PATH\"", url_in_quotes(url));
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
        url_in_quotes(scheme));
}

}  // namespace freshet::reading
