// A memcached server that does what the test says: a listening socket of loopback, one connection at a time, blocking.
#pragma once

#include <string>
#include <string_view>

namespace freshet::test {

class memcached_peer {
public:
    /// Listens on a free port, or on that one.
    explicit memcached_peer(unsigned short port = 0);
    ~memcached_peer();
    memcached_peer(const memcached_peer&) = delete;
    memcached_peer& operator=(const memcached_peer&) = delete;

    unsigned short port() const noexcept { return port_; }
    /// "127.0.0.1:PORT"
    std::string name() const;

    /// Waits for a connection and answers what it begins with, as memcached 1.6.38.
    void greet();
    /// Waits for a connection and what it begins with, and answers this.
    void greet(std::string_view answer);
    /// Waits for these bytes, and fails the test if others come.
    void expect(std::string_view bytes);
    void say(std::string_view bytes);
    /// Waits for the end of the connection, and fails the test if bytes come before it.
    void expect_end();
    /// The same, where what is under way is not to arrive later.
    void expect_reset();
    /// Ends the connection.
    void cut();
    /// Connections from now on hold little that is not read.
    void receive_little();
    /// Nobody can connect any more.
    void stop_listening();

private:
    int listening_{-1};
    int connected_{-1};
    unsigned short port_{0};
};

}  // namespace freshet::test
