// The way from a site to its broker, which can be cut: a relay of this process that passes bytes on.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace freshet::demonstration {

struct link_setting {
    std::uint16_t port{0};  ///< of 127.0.0.1, where it listens; 0: any free one
    std::string host{};     ///< to where it passes bytes on
    std::uint16_t host_port{0};
};

/// "PORT=HOST:PORT". Nothing: the text is no such.
std::optional<link_setting> parse_link(std::string_view text);

class broker_link {
public:
    /// Throws std::runtime_error where it cannot listen, or the host has no address.
    explicit broker_link(const link_setting& setting);
    ~broker_link();
    broker_link(const broker_link&) = delete;
    broker_link& operator=(const broker_link&) = delete;

    std::uint16_t port() const { return port_; }
    /// From when this returns its connections have ended; others are closed as soon as they are made.
    void cut();
    void heal();

private:
    struct connection;

    void accept();

    boost::asio::io_context io_{1};
    boost::asio::ip::tcp::acceptor acceptor_{io_};
    boost::asio::ip::tcp::resolver::results_type broker_{};
    std::uint16_t port_{0};
    bool is_cut_{false};                                    ///< of the thread
    std::vector<std::weak_ptr<connection>> connections_{};  ///< of the thread
    std::thread thread_{};
};

}  // namespace freshet::demonstration
