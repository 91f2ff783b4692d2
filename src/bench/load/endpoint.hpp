// Where the server is, and how it is reached.
#pragma once

#include "base/owned_descriptor.hpp"

#include <sys/socket.h>

#include <string>

namespace freshet::load {

struct endpoint {
    sockaddr_storage name{};
    socklen_t size{0};
    std::string text{};  ///< as it was given
};

/// A sentence if `address` is none to connect to: HOST:PORT, [IPV6]:PORT or unix:/PATH.
std::string wrong_address(const std::string& address);

/// Resolves the address and connects once, to the first of its endpoints that takes it. Throws a sentence.
endpoint find_server(const std::string& address);

/// Blocks until connected, at most 10 s; the descriptor is non-blocking afterwards. Throws a sentence.
owned_descriptor connect_now(const endpoint& to);

/// Connected once it is writable and SO_ERROR is 0. Holds no descriptor: refused at once.
owned_descriptor begin_connect(const endpoint& to);

}  // namespace freshet::load
