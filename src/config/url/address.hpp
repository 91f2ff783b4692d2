// Addresses and URLs as a file or the command line gives them. Nothing is resolved or opened here.
// Each function gives a sentence that says what is wrong, or an empty one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace freshet::reading {

/// "HOST:PORT", "[IPV6]:PORT", "*:PORT" or "unix:/PATH". Port 0: any free one.
std::string wrong_listen_address(std::string_view address);
/// "http://HOST[:PORT][/PATH][?QUERY]", or https.
std::string wrong_http_url(std::string_view url);
/// A host without brackets, and its port if there is one. Nothing: no host, or no number of a port behind the colon.
struct host_and_port {
    std::string host{};
    std::optional<std::uint16_t> port{};
};
/// What "*" says, where a server listens.
enum class every_host : std::uint8_t { is_none, is_a_star };
std::optional<host_and_port> split_address(std::string_view text, every_host every = every_host::is_none);
/// "HOST:PORT" or "[IPV6]:PORT".
std::string join_address(std::string_view host, std::uint16_t port);
std::string wrong_store_url(std::string_view url);
std::string wrong_queue_url(std::string_view url);
std::string wrong_journal_url(std::string_view url);

}  // namespace freshet::reading
