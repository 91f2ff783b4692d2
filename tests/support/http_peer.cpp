#include "support/http_peer.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
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

http_connection::http_connection(int descriptor) : descriptor_(descriptor), tls_(nullptr, ::SSL_free) {}

http_connection::http_connection(http_connection&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), tls_(std::move(other.tls_)), input_(std::move(other.input_)) {}

http_connection::~http_connection() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

bool http_connection::secure(ssl_ctx_st* with) {
    tls_.reset(::SSL_new(with));
    ::SSL_set_fd(tls_.get(), descriptor_);
    return wait_readable(descriptor_) && ::SSL_accept(tls_.get()) == 1;
}

std::string http_connection::protocol() const {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    ::SSL_get0_alpn_selected(tls_.get(), &name, &size);
    return std::string(reinterpret_cast<const char*>(name), size);
}

bool http_connection::can_be_read() const {
    return (tls_ && ::SSL_pending(tls_.get()) > 0) || wait_readable(descriptor_);
}

bool http_connection::fill() {
    char buffer[65'536];
    if (!can_be_read()) {
        ADD_FAILURE() << "nothing came";
        return false;
    }
    const ssize_t n =
        tls_ ? ::SSL_read(tls_.get(), buffer, sizeof buffer) : ::recv(descriptor_, buffer, sizeof buffer, 0);
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
        const ssize_t n = tls_ ? ::SSL_write(tls_.get(), text.data(), static_cast<int>(text.size()))
                               : ::send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL);
        if (n <= 0) return false;
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

http_peer::http_peer(bool ipv6) : descriptor_(::socket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in6 six{};
    six.sin6_family = AF_INET6;
    six.sin6_addr = in6addr_loopback;
    sockaddr_in four{};
    four.sin_family = AF_INET;
    four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const address = ipv6 ? reinterpret_cast<sockaddr*>(&six) : reinterpret_cast<sockaddr*>(&four);
    socklen_t size = ipv6 ? sizeof six : sizeof four;
    if (::bind(descriptor_, address, size) != 0 || ::listen(descriptor_, 16) != 0 ||
        ::getsockname(descriptor_, address, &size) != 0)
        throw std::runtime_error("no socket to listen on");
    port_ = ntohs(ipv6 ? six.sin6_port : four.sin_port);
}

http_peer::~http_peer() { close(); }

void http_peer::close() {
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

std::string http_peer::url(std::string_view target) const {
    return fmt::format("http://127.0.0.1:{}{}", port_, target);
}

bool http_peer::has_caller() const {
    pollfd p{descriptor_, POLLIN, 0};
    return ::poll(&p, 1, 0) == 1;
}

http_connection http_peer::accept() {
    if (!wait_readable(descriptor_)) throw std::runtime_error("nobody connected");
    return http_connection(::accept4(descriptor_, nullptr, nullptr, SOCK_CLOEXEC));
}

bool knows_localhost() {
    addrinfo* found = nullptr;
    if (::getaddrinfo("localhost", nullptr, nullptr, &found) != 0) return false;
    ::freeaddrinfo(found);
    return true;
}

}  // namespace freshet::test
