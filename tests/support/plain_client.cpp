#include "support/plain_client.hpp"

#include "base/unix_socket.hpp"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace freshet::test {

namespace {

constexpr timeval longest_wait{60, 0};

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what + ": " + std::strerror(errno)); }

int connect_unix(const std::string& path) {
    owned_descriptor made = connect_to_unix(path);
    if (made.get() < 0) fail("connect " + path);
    return made.release();
}

int connect_tcp(const std::string& address) {
    const auto colon = address.rfind(':');
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1))));
    ::inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr);
    const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) fail("connect " + address);
    return descriptor;
}

}  // namespace

plain_client::plain_client(const std::string& address)
    : descriptor_(address.starts_with("unix:") ? connect_unix(address.substr(5)) : connect_tcp(address)) {
    ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &longest_wait, sizeof longest_wait);
    ::setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &longest_wait, sizeof longest_wait);
}

plain_client::~plain_client() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

void plain_client::send(std::string_view text) {
    while (!text.empty()) {
        const ssize_t n = ::send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL);
        if (n < 0) fail("send");
        text.remove_prefix(static_cast<std::size_t>(n));
    }
}

std::size_t plain_client::send_some(std::string_view text) {
    const ssize_t n = ::send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return n < 0 ? 0 : static_cast<std::size_t>(n);
}

void plain_client::finish_sending() { ::shutdown(descriptor_, SHUT_WR); }

std::string plain_client::read(std::size_t size) {
    std::string text(size, '\0');
    for (std::size_t got = 0; got < size;) {
        const ssize_t n = ::recv(descriptor_, text.data() + got, size - got, 0);
        if (n < 0) fail("recv");
        if (n == 0) return text.substr(0, got);
        got += static_cast<std::size_t>(n);
    }
    return text;
}

std::string plain_client::read_line() {
    std::string line;
    while (!line.ends_with("\r\n")) {
        const std::string next = read(1);
        if (next.empty()) break;
        line += next;
    }
    return line;
}

std::string plain_client::read_all() {
    std::string all;
    for (;;) {
        char part[65'536];
        const ssize_t n = ::recv(descriptor_, part, sizeof part, 0);
        if (n < 0) fail("recv");
        if (n == 0) return all;
        all.append(part, static_cast<std::size_t>(n));
    }
}

bool plain_client::wait_closed() {
    pollfd p{descriptor_, 0, 0};
    return ::poll(&p, 1, static_cast<int>(longest_wait.tv_sec) * 1'000) == 1 && (p.revents & POLLHUP) != 0;
}

void plain_client::vanish() {
    const linger at_once{1, 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::close(descriptor_);
    descriptor_ = -1;
}

}  // namespace freshet::test
