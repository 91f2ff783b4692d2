#include "server/listen/listen_address.hpp"

#include "base/escape.hpp"
#include "base/unix_socket.hpp"
#include "base/whole_number.hpp"
#include "config/url/address.hpp"

#include <fmt/format.h>

#include <arpa/inet.h>
#include <grp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>

namespace freshet {

namespace {

constexpr int backlog = 1024;
constexpr mode_t mode_of_a_group = 0660;

/// The last folder of the path, for everybody to see: the socket's own mode says who may connect.
bool make_socket_folder(const std::string& path) {
    constexpr mode_t mode = 0755;
    const std::string folder = std::filesystem::path(path).parent_path().string();
    if (::access(folder.c_str(), F_OK) == 0) return true;
    return ::mkdir(folder.c_str(), mode) == 0 && ::chmod(folder.c_str(), mode) == 0;
}

result<std::vector<listening_socket>> listen_unix(const std::string& text, const listen_address& a) {
    socket_rights rights{a.mode, {}};
    if (!a.group.empty()) {
        rights.group = find_group(a.group);
        if (!rights.group) return cannot_listen(text, no_such_group(a.group));
        if (!rights.mode) rights.mode = mode_of_a_group;
    }
    if (!make_socket_folder(a.path)) return cannot_listen(text, why_not_there(errno));
    owned_descriptor made = listen_at_unix(a.path, backlog, rights);
    if (made.get() < 0)
        return cannot_listen(text, errno == EPERM && rights.group ? group_not_given(a.group) : why_not_there(errno));
    std::vector<listening_socket> sockets;
    sockets.push_back({made.release(), "unix:" + a.path, a.path, false});
    return sockets;
}

bool is_loopback(const sockaddr_storage& a) {
    if (a.ss_family == AF_INET) return ntohl(reinterpret_cast<const sockaddr_in&>(a).sin_addr.s_addr) >> 24 == 127;
    return IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6&>(a).sin6_addr);
}

std::string name_of(int fd) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
    char host[INET6_ADDRSTRLEN] = "?";
    if (address.ss_family == AF_INET) {
        const auto& a = reinterpret_cast<const sockaddr_in&>(address);
        ::inet_ntop(AF_INET, &a.sin_addr, host, sizeof host);
        return reading::join_address(host, ntohs(a.sin_port));
    }
    const auto& a = reinterpret_cast<const sockaddr_in6&>(address);
    ::inet_ntop(AF_INET6, &a.sin6_addr, host, sizeof host);
    return reading::join_address(host, ntohs(a.sin6_port));
}

int listen_tcp(const sockaddr_storage& a, std::uint16_t port) {
    const int fd = bind_tcp(a, port);
    if (fd < 0 || ::listen(fd, backlog) == 0) return fd;
    const int error = errno;
    ::close(fd);
    errno = error;
    return -1;
}

}  // namespace

problem cannot_listen(const std::string& address, std::string_view why) {
    return {errc::wrong_config, effect::not_done, fmt::format("cannot listen on {}: {}", escaped(address), why)};
}

std::string why_not_there(int error) {
    switch (error) {
        case EADDRINUSE: return "the address is in use, another program listens there";
        case EACCES: return "permission denied (ports below 1024 and foreign folders need rights)";
        case EADDRNOTAVAIL: return "this machine has no such address";
        case ENOENT: return "the folder does not exist";
        case ENOTDIR: return "what should be the folder is none";
        case ENOTSOCK: return "a file that is no socket stands there";
        case ENAMETOOLONG: return fmt::format("the path must have 1 to {} bytes", unix_path_max);
        default: return std::strerror(error);
    }
}

int find_addresses(const listen_address& a, std::vector<sockaddr_storage>& to) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    const int error = ::getaddrinfo(a.host == "*" ? nullptr : a.host.c_str(), "0", &hints, &found);
    if (error != 0) return error;
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> all(found, ::freeaddrinfo);
    for (const addrinfo* one = found; one != nullptr; one = one->ai_next)
        std::memcpy(&to.emplace_back(), one->ai_addr, one->ai_addrlen);
    return 0;
}

int bind_tcp(const sockaddr_storage& to, std::uint16_t port) {
    const int fd = ::socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    const int one = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (to.ss_family == AF_INET6) ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    sockaddr_storage place = to;
    const bool six = to.ss_family == AF_INET6;
    if (six) reinterpret_cast<sockaddr_in6&>(place).sin6_port = htons(port);
    else reinterpret_cast<sockaddr_in&>(place).sin_port = htons(port);
    const socklen_t size = six ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&place), size) == 0) return fd;
    const int error = errno;
    ::close(fd);
    errno = error;
    return -1;
}

std::optional<gid_t> find_group(const std::string& group) {
    constexpr auto nobody = static_cast<gid_t>(-1);  // says "as it is" to the system
    if (const auto number = whole_number<gid_t>(group); number && *number != nobody) return number;
    const ::group* const found = ::getgrnam(group.c_str());
    return found != nullptr ? std::optional(found->gr_gid) : std::nullopt;
}

std::string no_such_group(const std::string& group) {
    return fmt::format("this machine has no group {}; write a name of its groups (getent group) or a number",
                       in_quotes(group));
}

std::string group_not_given(const std::string& group) {
    return fmt::format(
        "the group {0} cannot be given to the socket, as this process is not in it; put its user into the group, in a "
        "systemd unit with SupplementaryGroups={1}",
        in_quotes(group), escaped(group));
}

result<std::vector<listening_socket>> listen_on(const std::string& address) {
    const auto parsed = parse_listen_address(address);
    if (!parsed) return cannot_listen(address, parsed.error().text);
    if (parsed->is_unix()) return listen_unix(address, *parsed);
    std::vector<sockaddr_storage> found;
    if (const int error = find_addresses(*parsed, found); error != 0)
        return cannot_listen(address, ::gai_strerror(error));

    std::vector<listening_socket> sockets;
    int failure = 0;
    for (const sockaddr_storage& a : found) {
        const int fd = listen_tcp(a, parsed->port);
        if (fd < 0) {
            failure = errno;
            continue;
        }
        sockets.push_back({fd, name_of(fd), {}, !is_loopback(a)});
    }
    if (sockets.empty()) return cannot_listen(address, why_not_there(failure));
    return sockets;
}

}  // namespace freshet
