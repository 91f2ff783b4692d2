#include "support/memcached_peer.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace freshet::test {

namespace {

constexpr timeval limit{20, 0};  // only what is broken reaches it

int checked(int result, const char* what) {
    if (result < 0) throw std::system_error(errno, std::system_category(), what);
    return result;
}

}  // namespace

memcached_peer::memcached_peer(unsigned short port) {
    listening_ = checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    const int one = 1;
    ::setsockopt(listening_, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    ::setsockopt(listening_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);  // of accept(), too
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    checked(::bind(listening_, reinterpret_cast<const sockaddr*>(&address), sizeof address), "bind");
    checked(::listen(listening_, 8), "listen");
    socklen_t size = sizeof address;
    ::getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
}

memcached_peer::~memcached_peer() {
    cut();
    stop_listening();
}

std::string memcached_peer::name() const { return "127.0.0.1:" + std::to_string(port_); }

void memcached_peer::greet() { greet("EN\r\nVERSION 1.6.38\r\n"); }

void memcached_peer::greet(std::string_view answer) {
    cut();
    connected_ = checked(::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC), "accept");
    ::setsockopt(connected_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    const int one = 1;
    ::setsockopt(connected_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    expect("mg freshet:probe E1\r\nversion\r\n");
    say(answer);
}

void memcached_peer::expect(std::string_view bytes) {
    std::string came(bytes.size(), '\0');
    std::size_t have = 0;
    while (have < came.size()) {
        const ssize_t n = ::recv(connected_, came.data() + have, came.size() - have, 0);
        if (n <= 0) break;
        have += static_cast<std::size_t>(n);
        if (came.compare(0, have, bytes.substr(0, have)) != 0) break;
    }
    came.resize(have);
    ASSERT_TRUE(came == bytes) << "expected " << bytes.substr(0, 200) << "\nbut got " << came.substr(0, 200);
}

void memcached_peer::expect_end() {
    std::string came(200, '\0');
    const ssize_t n = ::recv(connected_, came.data(), came.size(), 0);
    came.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    ASSERT_EQ(n, 0) << "expected the end\nbut got " << came;
}

void memcached_peer::expect_reset() {
    char any = 0;
    const ssize_t n = ::recv(connected_, &any, 1, 0);
    ASSERT_EQ(n, -1) << "expected a reset";
    ASSERT_EQ(errno, ECONNRESET);
}

void memcached_peer::say(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto n = checked(static_cast<int>(::send(connected_, bytes.data(), bytes.size(), MSG_NOSIGNAL)), "send");
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
}

void memcached_peer::cut() {
    if (connected_ >= 0) ::close(connected_);
    connected_ = -1;
}

void memcached_peer::receive_little() {
    const int bytes = 16 << 10;
    checked(::setsockopt(listening_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes), "SO_RCVBUF");
}

void memcached_peer::stop_listening() {
    if (listening_ >= 0) ::close(listening_);
    listening_ = -1;
}

}  // namespace freshet::test
