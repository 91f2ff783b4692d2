#include "store/pool/address.hpp"

#include "base/unix_socket.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstring>

namespace freshet {

socket_address literal_address(const server_address& server) {
    socket_address to;
    if (server.is_unix()) {
        const auto address = unix_address(server.host);
        if (!address) return to;
        std::memcpy(&to.storage, &*address, sizeof *address);
        to.size = sizeof *address;
        return to;
    }
    auto& four = reinterpret_cast<sockaddr_in&>(to.storage);
    if (::inet_pton(AF_INET, server.host.c_str(), &four.sin_addr) == 1) {
        four.sin_family = AF_INET;
        four.sin_port = htons(server.port);
        to.size = sizeof four;
        return to;
    }
    to.storage = {};
    auto& six = reinterpret_cast<sockaddr_in6&>(to.storage);
    if (::inet_pton(AF_INET6, server.host.c_str(), &six.sin6_addr) == 1) {
        six.sin6_family = AF_INET6;
        six.sin6_port = htons(server.port);
        to.size = sizeof six;
    }
    return to;
}

}  // namespace freshet
