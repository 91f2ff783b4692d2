// The address of a pool's server, where it can be had without asking anybody.
#pragma once

#include <freshet/config.hpp>

#include "shard/socket_address.hpp"

namespace freshet {

/// The address that needs no looking up: a number, or a Unix socket's path. Size 0: it is a name.
socket_address literal_address(const server_address& server);

}  // namespace freshet
