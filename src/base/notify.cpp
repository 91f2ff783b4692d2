#include "base/notify.hpp"

#include "base/unix_socket.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace freshet {

void notify(std::string_view state) noexcept {
    const char* const path = std::getenv("NOTIFY_SOCKET");
    if (path == nullptr) return;
    auto address = unix_address(path);
    if (!address) return;
    const std::size_t size = std::strlen(path);
    if (address->sun_path[0] == '@') address->sun_path[0] = '\0';  // the abstract name space
    const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return;
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size);
    [[maybe_unused]] const auto n =
        ::sendto(fd, state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&*address), length);
    ::close(fd);
}

}  // namespace freshet
