// Addresses and URLs as a file or the command line gives them. Nothing is resolved or opened here.
// Each function gives a sentence that says what is wrong, or an empty one.
#pragma once

#include <string>
#include <string_view>

namespace freshet::reading {

/// "HOST:PORT", "[IPV6]:PORT", "*:PORT" or "unix:/PATH". Port 0: any free one.
std::string wrong_listen_address(std::string_view address);
/// "http://HOST[:PORT][/PATH][?QUERY]".
std::string wrong_http_url(std::string_view url);
std::string wrong_store_url(std::string_view url);
std::string wrong_queue_url(std::string_view url);

}  // namespace freshet::reading
