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

bool give_rights(const std::string& path, const socket_rights& rights) {
    constexpr auto same_owner = static_cast<uid_t>(-1);
    return (!rights.group || ::lchown(path.c_str(), same_owner, *rights.group) == 0) &&
           (!rights.mode || ::chmod(path.c_str(), *rights.mode) == 0);
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

owned_descriptor listen_at_unix(const std::string& path, int backlog, socket_rights rights) {
    const auto address = unix_address(path);
    if (!address) return refuse(ENAMETOOLONG);
    struct stat there {};
    if (::lstat(path.c_str(), &there) == 0) {
        if (!S_ISSOCK(there.st_mode)) return refuse(ENOTSOCK);
        if (connect_to_unix(path).get() >= 0) return refuse(EADDRINUSE);
        ::unlink(path.c_str());
    }
    owned_descriptor d = unix_socket(SOCK_NONBLOCK);
    // The mode of a socket is that of the file which bind makes: nobody's, until the file is its group's.
    const bool bound = d.get() >= 0 && (!rights.mode || ::fchmod(d.get(), 0) == 0) &&
                       ::bind(d.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) == 0;
    if (bound && give_rights(path, rights) && ::listen(d.get(), backlog) == 0) return d;
    const int error = errno;
    if (bound) ::unlink(path.c_str());
    d = {};
    return refuse(error);
}

}  // namespace freshet
