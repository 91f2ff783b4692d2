#include "base/unix_socket.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace freshet {

namespace {

owned_descriptor refuse(int error) {
    errno = error;
    return {};
}

owned_descriptor unix_socket(int flags) {
    return owned_descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
}

}  // namespace

std::optional<sockaddr_un> unix_address(std::string_view path) noexcept {
    if (path.empty() || path.size() > unix_path_max) return std::nullopt;
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    std::memcpy(to.sun_path, path.data(), path.size());
    return to;
}

owned_descriptor connect_to_unix(std::string_view path) {
    const auto address = unix_address(path);
    if (!address) return {};
    owned_descriptor d = unix_socket(0);
    if (::connect(d.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0) return {};
    return d;
}

owned_descriptor listen_at_unix(const std::string& path, int backlog, mode_t mode) {
    const auto address = unix_address(path);
    if (!address) return refuse(ENAMETOOLONG);
    struct stat there {};
    if (::lstat(path.c_str(), &there) == 0) {
        if (!S_ISSOCK(there.st_mode)) return refuse(ENOTSOCK);
        if (connect_to_unix(path).get() >= 0) return refuse(EADDRINUSE);
        ::unlink(path.c_str());
    }
    owned_descriptor d = unix_socket(SOCK_NONBLOCK);
    // The mode of a socket is that of the file which bind makes.
    const bool listens = d.get() >= 0 && (mode == 0 || ::fchmod(d.get(), mode) == 0) &&
                         ::bind(d.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) == 0 &&
                         ::listen(d.get(), backlog) == 0;
    if (listens) return d;
    const int error = errno;
    d = {};
    return refuse(error);
}

}  // namespace freshet
