// Addresses and URLs as a file or the command line gives them. Nothing is resolved or opened here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace freshet::reading {

/// What "*" says, where a server listens.
enum class every_host : std::uint8_t { is_none, is_a_star };
/// "HOST", "HOST:PORT", "[IPV6]" or "[IPV6]:PORT": the host with its brackets, any text where the port should be.
struct written_address {
    std::string_view host;
    std::optional<std::string_view> port;
};
/// Nothing: no host.
std::optional<written_address> split_host_and_port(std::string_view text, every_host every = every_host::is_none);
std::string_view without_brackets(std::string_view host);
/// A host without brackets, and its port if there is one. Nothing: no host, or no number of a port behind the colon.
struct host_and_port {
    std::string host{};
    std::optional<std::uint16_t> port{};
};
std::optional<host_and_port> split_address(std::string_view text, every_host every = every_host::is_none);
/// "HOST:PORT" or "[IPV6]:PORT".
std::string join_address(std::string_view host, std::uint16_t port);

// Each gives a sentence that says what is wrong, or an empty one. None tells a password.

/// The beginning of a sentence about the server in a URL. Empty: split_address() takes it, and its port is not 0.
std::string wrong_server(std::string_view server);
std::string wrong_listen_address(std::string_view address);
std::string wrong_http_url(std::string_view url);
std::string wrong_store_url(std::string_view url);
std::string wrong_queue_url(std::string_view url);
std::string wrong_journal_url(std::string_view url);

}  // namespace freshet::reading
