// An HTTP server that says what a script tells it, byte for byte. One thread, one connection after the other.
#pragma once

#include <string>
#include <string_view>

namespace freshet::test {

/// One accepted connection. A peer that waits for more than a minute fails the test.
class http_connection {
public:
    explicit http_connection(int descriptor) : descriptor_(descriptor) {}
    http_connection(http_connection&& other) noexcept;
    http_connection& operator=(http_connection&&) = delete;
    ~http_connection();

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

    int descriptor_;
    std::string input_;
};

class http_peer {
public:
    http_peer();
    ~http_peer();
    http_peer(const http_peer&) = delete;

    int port() const noexcept { return port_; }
    std::string url(std::string_view target = "/") const;
    http_connection accept();
    /// Closes the listening socket: connections are refused from now on.
    void close();

private:
    int descriptor_;
    int port_;
};

}  // namespace freshet::test
