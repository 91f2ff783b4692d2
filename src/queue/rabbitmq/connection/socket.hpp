// The TCP or TLS connection to a RabbitMQ server. Own thread only.
#pragma once

#include "config/broker_options.hpp"
#include "shard/gate.hpp"
#include "shard/resolver.hpp"
#include "shard/shard.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>

namespace freshet {

class rabbitmq_socket {
public:
    rabbitmq_socket(shard& home, const rabbitmq_options& options);

    /// Looks the name up, connects, and shakes hands where there is TLS. What went wrong, in words; empty: nothing.
    boost::asio::awaitable<std::string> connect(const rabbitmq_server& to);
    /// Bytes that came; 0: it has ended, see trouble().
    boost::asio::awaitable<std::size_t> read(std::span<char> to);
    const std::string& trouble() const noexcept { return trouble_; }
    /// `then` is called once all is written, or with why not. The bytes live until then.
    void write(const std::string& bytes, std::function<void(boost::system::error_code)> then);
    /// What is under way ends.
    void close();

private:
    struct question {
        explicit question(shard& home) : answered(home) {}
        gate answered;
        resolved found{};
    };

    boost::asio::awaitable<resolved> look_up(const rabbitmq_server& name);
    std::string prepare_tls(const std::string& host);

    shard& home_;
    const rabbitmq_options& options_;
    std::unique_ptr<resolver> resolver_;
    std::shared_ptr<question> asked_{};
    boost::asio::ip::tcp::socket plain_;
    std::unique_ptr<boost::asio::ssl::context> tls_;
    std::unique_ptr<boost::asio::ssl::stream<boost::asio::ip::tcp::socket&>> secret_;
    std::string trouble_{};
};

}  // namespace freshet
