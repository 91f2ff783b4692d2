// A worker that is an HTTP server: the body is POSTed to it, the result is what it answers.
#pragma once

#include <freshet/error.hpp>
#include <freshet/time.hpp>

#include "flow/worker.hpp"
#include "shard/shard.hpp"

#include <string>
#include <string_view>

namespace freshet {

struct http_url {
    std::string host;       ///< a name or an address, IPv6 without its brackets
    std::string port;       ///< digits
    std::string target;     ///< path and query, begins with '/'
    std::string authority;  ///< as the Host header says it
};

/// "http://HOST[:PORT][/PATH][?QUERY]"; the problem is a whole sentence.
result<http_url> parse_http_url(std::string_view text);

/// Seconds or an HTTP date, as Retry-After has them; 0 where it says neither, or a time gone by.
milliseconds parse_retry_after(std::string_view text, wall::time_point now);

/// What a status other than 2xx comes to.
enum work_result::verdict judge_status(unsigned status);

/// A result of more than `result_size_max_bytes` is dead.
std::unique_ptr<flow_worker> make_http_worker(shard& back, http_url url, std::size_t result_size_max_bytes);

}  // namespace freshet
