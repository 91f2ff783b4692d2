#include "server/listen_address.hpp"

#include "base/unix_socket.hpp"
#include "config/url/address.hpp"

#include <fmt/format.h>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace freshet {

namespace {

constexpr int backlog = 1024;

problem trouble(const std::string& address, std::string_view what) {
    return {errc::wrong_config, effect::not_done, fmt::format("cannot listen on {}: {}", address, what)};
}

std::string reason(int error) {
    switch (error) {
        case EADDRINUSE: return "the address is in use, another program listens there";
        case EACCES: return "permission denied (ports below 1024 and foreign folders need rights)";
        case EADDRNOTAVAIL: return "this machine has no such address";
        case ENOENT: return "the folder does not exist";
        case ENOTSOCK: return "a file that is no socket stands there";
        case ENAMETOOLONG: return fmt::format("the path must have 1 to {} bytes", unix_path_max);
        default: return std::strerror(error);
    }
}

result<std::vector<listening_socket>> listen_unix(const std::string& text, const std::string& path) {
    owned_descriptor made = listen_at_unix(path, backlog, 0);
    if (made.get() < 0) return trouble(text, reason(errno));
    std::vector<listening_socket> sockets;
    sockets.push_back({made.release(), "unix:" + path, path, false});
    return sockets;
}

bool is_loopback(const sockaddr* a) {
    if (a->sa_family == AF_INET) return ntohl(reinterpret_cast<const sockaddr_in*>(a)->sin_addr.s_addr) >> 24 == 127;
    return IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6*>(a)->sin6_addr);
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

int listen_tcp(const addrinfo& a) {
    const int fd = ::socket(a.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    const int one = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (a.ai_family == AF_INET6) ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    if (::bind(fd, a.ai_addr, a.ai_addrlen) == 0 && ::listen(fd, backlog) == 0) return fd;
    const int error = errno;
    ::close(fd);
    errno = error;
    return -1;
}

}  // namespace

result<std::vector<listening_socket>> listen_on(const std::string& address) {
    if (address.starts_with("unix:")) return listen_unix(address, address.substr(5));
    const auto parts = reading::split_address(address, reading::every_host::is_a_star);
    if (!parts || !parts->port) return trouble(address, "an address is HOST:PORT, [IPV6]:PORT or unix:/PATH");
    const char* const host = parts->host == "*" ? nullptr : parts->host.c_str();

    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    const int error = ::getaddrinfo(host, std::to_string(*parts->port).c_str(), &hints, &found);
    if (error != 0) return trouble(address, ::gai_strerror(error));
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> all(found, ::freeaddrinfo);

    std::vector<listening_socket> sockets;
    int failure = 0;
    for (const addrinfo* a = found; a != nullptr; a = a->ai_next) {
        const int fd = listen_tcp(*a);
        if (fd < 0) {
            failure = errno;
            continue;
        }
        sockets.push_back({fd, name_of(fd), {}, !is_loopback(a->ai_addr)});
    }
    if (sockets.empty()) return trouble(address, reason(failure));
    return sockets;
}

}  // namespace freshet
