// A worker that is an HTTP server: the body is POSTed to it, the result is what it answers.
#pragma once

#include <freshet/error.hpp>
#include <freshet/time.hpp>

#include "flow/worker.hpp"
#include "shard/resolver.hpp"
#include "shard/shard.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace freshet {

struct http_url {
    std::string text;       ///< the whole, without a fragment
    std::string host;       ///< a name or an address, IPv6 without its brackets
    std::uint16_t port{0};  ///< 80 or 443 where none is given
    std::string authority;  ///< host and port as they are written
    bool tls{false};
};

/// "http://HOST[:PORT][/PATH][?QUERY]", or https; the problem is a whole sentence.
result<http_url> parse_http_url(std::string_view text);

/// Seconds or an HTTP date, as Retry-After has them; 0 where it says neither, or a time gone by.
milliseconds parse_retry_after(std::string_view text, wall::time_point now);

/// What a status other than 2xx comes to.
enum work_result::verdict judge_status(unsigned status);

struct http_options {
    http_url url{};
    std::size_t result_size_max_bytes{std::size_t{1} << 20};  ///< a larger result is dead
    unsigned concurrency{1};                                  ///< connections, in use and kept
    bool proxy{false};      ///< through the proxy of http_proxy, https_proxy or all_proxy, but for no_proxy's hosts
    std::string ca_file{};  ///< PEM; empty: the system's
};

std::unique_ptr<flow_worker> make_http_worker(shard& back, const http_options& options);
/// With a resolver of the caller's, which lives as long.
std::unique_ptr<flow_worker> make_http_worker(shard& back, const http_options& options, resolver& by);

}  // namespace freshet
