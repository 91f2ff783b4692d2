// An HTTP server that says what a script tells it, byte for byte. One thread, one connection after the other.
#pragma once

#include <memory>
#include <string>
#include <string_view>

struct ssl_st;
struct ssl_ctx_st;

namespace freshet::test {

/// One accepted connection. A peer that waits for more than a minute fails the test.
class http_connection {
public:
    explicit http_connection(int descriptor);
    http_connection(http_connection&& other) noexcept;
    http_connection& operator=(http_connection&&) = delete;
    ~http_connection();

    /// TLS from now on, as the server. False: the other side did not agree.
    bool secure(ssl_ctx_st* with);
    /// The protocol that was agreed on then, "http/1.1"; empty: none.
    std::string protocol() const;

    /// The next request, head and body; empty at the end of the connection.
    std::string read_request();
    /// Its head only.
    std::string read_head();
    /// Reads exactly so many bytes of a body, or fewer at the end.
    std::string read(std::size_t size);
    /// False: the other side has left.
    bool write(std::string_view text);
    /// "HTTP/1.1 <status>", headers as given (each ends with \r\n), Content-Length, and the body.
    bool answer(std::string_view status, std::string_view body, std::string_view headers = "");
    /// Waits until the other side closes; true if it did.
    bool wait_closed();
    /// The other side sees a reset, not an orderly end.
    void reset();

private:
    bool fill();
    bool can_be_read() const;

    int descriptor_;
    std::unique_ptr<ssl_st, void (*)(ssl_st*)> tls_;
    std::string input_;
};

class http_peer {
public:
    explicit http_peer(bool ipv6 = false);
    ~http_peer();
    http_peer(const http_peer&) = delete;

    int port() const noexcept { return port_; }
    std::string url(std::string_view target = "/") const;
    http_connection accept();
    /// Somebody has connected and was not accepted yet.
    bool has_caller() const;
    /// Closes the listening socket: connections are refused from now on.
    void close();

private:
    int descriptor_;
    int port_;
};

/// False: this machine has no /etc/hosts, or nothing in it.
bool knows_localhost();

}  // namespace freshet::test
