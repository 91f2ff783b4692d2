// Hosts to addresses. Own thread of a shard; the answer comes on it, never before look_up() has returned.
#pragma once

#include "store/connection.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace freshet {

struct looked_up {
    std::vector<socket_address> addresses{};
    std::string trouble{};  ///< why there is none
};

class names {
public:
    virtual ~names() = default;
    virtual void look_up(const std::string& host, std::uint16_t port, std::function<void(looked_up)> then) = 0;
};

/// The system's: the hosts file and DNS, in a thread of their own.
std::unique_ptr<names> system_names(shard& home);

/// The address that needs no looking up: a number, or a Unix socket's path. Size 0: it is a name.
socket_address literal_address(const server_address& server);

/// make_memcached_store() with names of the caller's, which live as long as the store.
std::unique_ptr<store> make_memcached_store(shard& home, const memcached_options& options, names& by);

}  // namespace freshet
