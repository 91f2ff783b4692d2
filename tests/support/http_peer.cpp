#include "support/http_peer.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <stdexcept>
#include <utility>

namespace freshet::test {

namespace {

constexpr int patience_ms = 60'000;

bool wait_readable(int descriptor) {
    pollfd p{descriptor, POLLIN, 0};
    return ::poll(&p, 1, patience_ms) == 1;
}

}  // namespace

http_connection::http_connection(http_connection&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), input_(std::move(other.input_)) {}

http_connection::~http_connection() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

bool http_connection::fill() {
    char buffer[65'536];
    if (!wait_readable(descriptor_)) {
        ADD_FAILURE() << "nothing came";
        return false;
    }
    const ssize_t n = ::recv(descriptor_, buffer, sizeof buffer, 0);
    if (n > 0) input_.append(buffer, static_cast<std::size_t>(n));
    return n > 0;
}

std::string http_connection::read_head() {
    std::size_t end;
    while ((end = input_.find("\r\n\r\n")) == std::string::npos) {
        if (!fill()) return {};
    }
    std::string head = input_.substr(0, end + 4);
    input_.erase(0, end + 4);
    return head;
}

std::string http_connection::read(std::size_t size) {
    while (input_.size() < size && fill()) {}
    std::string some = input_.substr(0, size);
    input_.erase(0, size);
    return some;
}

std::string http_connection::read_request() {
    std::string head = read_head();
    constexpr std::string_view name = "\r\nContent-Length: ";
    const auto at = head.find(name);
    std::size_t size = 0;
    if (at != std::string::npos) std::from_chars(head.data() + at + name.size(), head.data() + head.size(), size);
    return head + read(size);
}

bool http_connection::write(std::string_view text) {
    while (!text.empty()) {
        const ssize_t n = ::send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL);
        if (n < 0) return false;
        text.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

bool http_connection::answer(std::string_view status, std::string_view body, std::string_view headers) {
    return write(fmt::format("HTTP/1.1 {}\r\n{}Content-Length: {}\r\n\r\n{}", status, headers, body.size(), body));
}

bool http_connection::wait_closed() {
    char buffer[65'536];
    while (wait_readable(descriptor_)) {
        if (::recv(descriptor_, buffer, sizeof buffer, 0) <= 0) return true;
    }
    return false;
}

void http_connection::reset() {
    const linger at_once{1, 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::close(std::exchange(descriptor_, -1));
}

http_peer::http_peer() : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(descriptor_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(descriptor_, 16) != 0 ||
        ::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
        throw std::runtime_error("no socket to listen on");
    port_ = ntohs(address.sin_port);
}

http_peer::~http_peer() { close(); }

void http_peer::close() {
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

std::string http_peer::url(std::string_view target) const {
    return fmt::format("http://127.0.0.1:{}{}", port_, target);
}

http_connection http_peer::accept() {
    if (!wait_readable(descriptor_)) throw std::runtime_error("nobody connected");
    return http_connection(::accept4(descriptor_, nullptr, nullptr, SOCK_CLOEXEC));
}

}  // namespace freshet::test
