// A client's socket, blocking, with a time limit that only a broken server reaches.
#pragma once

#include <string>
#include <string_view>

namespace freshet::test {

class plain_client {
public:
    /// "127.0.0.1:PORT" or "unix:/PATH".
    explicit plain_client(const std::string& address);
    ~plain_client();
    plain_client(const plain_client&) = delete;
    plain_client& operator=(const plain_client&) = delete;

    void send(std::string_view text);
    /// As much as the socket takes without waiting; how much that was.
    std::size_t send_some(std::string_view text);
    void finish_sending();
    std::string read(std::size_t size);
    std::string read_line();
    /// To the end of what the server says.
    std::string read_all();
    /// Waits until the server has closed, and reads nothing. Of a Unix socket only.
    bool wait_closed();
    /// Closes without a farewell: the server gets a reset.
    void vanish();

private:
    int descriptor_;
};

}  // namespace freshet::test
