// Connections of a load generator and the one loop they share: batched receives and sends, no allocation in steady
// state.
#pragma once

#include "options.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

inline int connect_unix(const std::string& path) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    if (path.size() >= sizeof(name.sun_path)) fail("the socket path " + path + " is too long");
    std::memcpy(name.sun_path, path.data(), path.size());
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, reinterpret_cast<const sockaddr*>(&name), sizeof(name)) == 0) return fd;
    fail("cannot connect to " + path + ": " + std::strerror(errno));
}

inline int connect_tcp(const std::string& address) {
    const auto colon = address.rfind(':');
    if (colon == std::string::npos) fail("the address " + address + " is neither HOST:PORT nor unix:PATH");
    std::string host = address.substr(0, colon);
    if (host.size() > 1 && host.front() == '[') host = host.substr(1, host.size() - 2);
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (getaddrinfo(host.c_str(), address.c_str() + colon + 1, &hints, &found) != 0) fail("cannot resolve " + address);
    const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool connected = fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) == 0;
    const int reason = errno;
    freeaddrinfo(found);
    if (!connected) fail("cannot connect to " + address + ": " + std::strerror(reason));
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return fd;
}

// Blocks until connected; the descriptor is non-blocking afterwards.
inline int connect_to(const std::string& address) {
    const int fd = address.starts_with("unix:") ? connect_unix(address.substr(5)) : connect_tcp(address);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    return fd;
}

struct connection {
    int fd = -1;
    std::string out;       // what is to be sent; the caller appends
    std::size_t sent = 0;  // of it
    std::string rest;      // the unfinished reply at the end of the last receive
    bool wants_write = false;
};

class loop {
public:
    loop() : buffer_(receive_bytes) {
        rlimit files{};
        getrlimit(RLIMIT_NOFILE, &files);
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }

    // The address of `c` must stay.
    void add(connection& c, const std::string& address) {
        c.fd = connect_to(address);
        watch(EPOLL_CTL_ADD, c, EPOLLIN);
    }

    // Sends what it can; the rest follows in later turns.
    void flush(connection& c) {
        while (c.sent < c.out.size()) {
            const auto n = send(c.fd, c.out.data() + c.sent, c.out.size() - c.sent, MSG_NOSIGNAL);
            if (n < 0 && errno == EAGAIN) return want_write(c, true);
            if (n < 0) fail(std::string("the server cut a connection: ") + std::strerror(errno));
            c.sent += static_cast<std::size_t>(n);
        }
        c.out.clear();
        c.sent = 0;
        want_write(c, false);
    }

    // Waits until something arrives and hands each connection's bytes to `on_bytes(connection&, std::string_view)`,
    // which returns how many of them it used up. False: nothing came in time.
    template <class OnBytes>
    bool turn(int timeout_ms, OnBytes&& on_bytes) {
        const int ready = epoll_wait(epoll_, events_.data(), static_cast<int>(events_.size()), timeout_ms);
        for (int i = 0; i < ready; ++i) {
            auto& c = *static_cast<connection*>(events_[static_cast<std::size_t>(i)].data.ptr);
            const auto happened = events_[static_cast<std::size_t>(i)].events;
            if ((happened & EPOLLOUT) != 0) flush(c);
            if ((happened & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) receive(c, on_bytes);
        }
        return ready > 0;
    }

private:
    static constexpr std::size_t receive_bytes = 256 * 1024;

    template <class OnBytes>
    void receive(connection& c, OnBytes&& on_bytes) {
        const std::size_t kept = c.rest.size();
        if (kept * 2 > buffer_.size()) buffer_.resize(buffer_.size() * 2);
        std::memcpy(buffer_.data(), c.rest.data(), kept);
        const auto n = recv(c.fd, buffer_.data() + kept, buffer_.size() - kept, 0);
        if (n < 0 && errno == EAGAIN) return;
        if (n <= 0)
            fail(std::string("the server cut a connection: ") + (n == 0 ? "end of file" : std::strerror(errno)));
        const std::string_view bytes(buffer_.data(), kept + static_cast<std::size_t>(n));
        const std::size_t used = on_bytes(c, bytes);
        c.rest.assign(bytes.substr(used));
    }

    void want_write(connection& c, bool wanted) {
        if (c.wants_write == wanted) return;
        c.wants_write = wanted;
        watch(EPOLL_CTL_MOD, c, wanted ? EPOLLIN | EPOLLOUT : EPOLLIN);
    }

    void watch(int operation, connection& c, std::uint32_t events) const {
        epoll_event event{};
        event.events = events;
        event.data.ptr = &c;
        if (epoll_ctl(epoll_, operation, c.fd, &event) != 0) fail(std::string("epoll_ctl: ") + std::strerror(errno));
    }

    int epoll_ = epoll_create1(EPOLL_CLOEXEC);
    std::array<epoll_event, 1024> events_{};
    std::vector<char> buffer_;
};

}  // namespace bench
