// The URL of a memcached server, as a store's `url` lists them.
#pragma once

#include <freshet/config.hpp>
#include <freshet/error.hpp>

#include <string_view>

namespace freshet {

/// "memcached://HOST[:PORT][?weight=N]" or "unix:/PATH[?weight=N]"; or what is wrong with it, a sentence.
result<server_address> parse_server_address(std::string_view url);

}  // namespace freshet
