// An address that connect() takes, whatever its family.
#pragma once

#include <sys/socket.h>

#include <cstring>

namespace freshet {

struct socket_address {
    sockaddr_storage storage{};
    socklen_t size{0};

    bool operator==(const socket_address& other) const noexcept {
        return size == other.size && std::memcmp(&storage, &other.storage, size) == 0;
    }
};

}  // namespace freshet
