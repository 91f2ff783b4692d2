// "http://HOST[:PORT][/PATH][?QUERY]", or https, taken apart: what a flow calls.
#pragma once

#include <freshet/error.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace freshet {

struct http_url {
    std::string text;       ///< the whole
    std::string host;       ///< a name or an address, IPv6 without its brackets
    std::uint16_t port{0};  ///< 80 or 443 where none is given
    std::string authority;  ///< host and port as they are written
    bool tls{false};
};

/// Or what is wrong with it, a sentence that tells no password.
result<http_url> parse_http_url(std::string_view text);

}  // namespace freshet
