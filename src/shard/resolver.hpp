// Hosts to addresses, for pools and for RabbitMQ. Own thread of a shard; the answer comes on it, never before look_up()
// has returned.
#pragma once

#include <freshet/config.hpp>

#include "shard/shard.hpp"
#include "shard/socket_address.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace freshet {

struct resolved {
    std::vector<socket_address> addresses{};
    std::string trouble{};  ///< why there is none
};

class resolver {
public:
    virtual ~resolver() = default;
    virtual void look_up(const std::string& host, std::uint16_t port, std::function<void(resolved)> then) = 0;
};

/// The system's: the hosts file and DNS, in a thread of their own.
std::unique_ptr<resolver> system_resolver(shard& home);

/// The address that needs no looking up: a number, or a Unix socket's path. Size 0: it is a name.
socket_address literal_address(const server_address& server);

}  // namespace freshet
