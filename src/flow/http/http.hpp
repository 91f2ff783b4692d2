// A worker that is an HTTP server: the body is POSTed to it, the result is what it answers.
#pragma once

#include <freshet/time.hpp>

#include "config/url/http_url.hpp"
#include "flow/worker.hpp"
#include "shard/resolver.hpp"
#include "shard/shard.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace freshet {

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
