#include "base/unix_connection.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>

namespace freshet {

owned_descriptor connect_to_unix(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return {};
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    owned_descriptor d(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(d.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return {};
    return d;
}

}  // namespace freshet
