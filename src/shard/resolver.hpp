// Hosts to addresses, for pools and for RabbitMQ. Own thread of a shard; the answer comes on it, never before look_up()
// has returned.
#pragma once

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

/// The system's: the hosts file and DNS, in threads that its end does not wait for. Its end is on the shard's thread,
/// or when that has stopped; what it finds later is told to nobody.
std::unique_ptr<resolver> system_resolver(shard& home);

}  // namespace freshet
