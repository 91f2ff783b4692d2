// What is published to RabbitMQ, on a connection of its own, with publisher confirms: whatever the broker does to who
// publishes, consumers do not feel it. What was not confirmed is published again once there is another connection. Back
// shard only.
#pragma once

#include <freshet/error.hpp>
#include <freshet/time.hpp>

#include "config/broker_options.hpp"
#include "queue/broker/link.hpp"
#include "queue/operations.hpp"
#include "queue/rabbitmq/channel/publishing_channel.hpp"
#include "queue/rabbitmq/channel/unconfirmed.hpp"
#include "queue/rabbitmq/connection/connection.hpp"
#include "queue/rabbitmq/wire/message.hpp"
#include "shard/shard.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace freshet {

class rabbitmq_publisher final : private rabbitmq_user {
public:
    /// `server`: where the next connection leads, null: nowhere for now. `changed` is called when is_ready() has
    /// changed, and when a connection could not be made.
    rabbitmq_publisher(shard& back, const rabbitmq_options& options, link_owner& owner,
                       std::function<const rabbitmq_server*()> server, std::function<void()> changed);

    void start(const std::shared_ptr<void>& whole) { connection_.start(whole); }
    void hurry() { connection_.hurry(); }
    bool is_ready() const noexcept { return connection_.is_ready(); }
    /// Takes it until published(), which may be called at once.
    void publish(publication& p, lane to, std::string_view reason);
    void flush();
    bool has_unconfirmed() const noexcept { return is_ready() && (!unconfirmed_.empty() || connection_.is_writing()); }
    void stop();
    void cut() { connection_.cut(); }

private:
    static constexpr std::size_t body_max_default = std::size_t{128} << 20;  ///< RabbitMQ's

    const rabbitmq_server* next_server() override { return server_(); }
    boost::asio::awaitable<std::string> prepare() override;
    void ready(const rabbitmq_server& server) override;
    void lost(const std::string& reason, const rabbitmq_server& server, bool was_ready) override;
    bool take_method(const amqp_method_t& method, amqp_channel_t channel) override;
    void take_properties(const amqp_frame_t& frame) override;
    void take_body(std::string_view) override {}
    void arrivals_over() override { owner_.arrivals_over(); }
    void add_last(std::string&) override {}
    void look_around(steady::time_point now) override;

    bool send(const rabbitmq_unconfirmed::record& r);
    void publish_again();
    void publish_on(std::uint16_t channel);
    void takes_again();
    void refused(std::uint64_t tag, bool multiple);
    bool channel_closed(const amqp_method_t& close);
    errc refusal() const noexcept;

    const rabbitmq_options& options_;
    link_owner& owner_;
    const std::function<const rabbitmq_server*()> server_;
    const std::function<void()> changed_;
    const std::string dead_name_;
    rabbitmq_connection connection_;
    rabbitmq_properties properties_;
    rabbitmq_publishing_channel publishing_{};
    std::string publish_method_[2]{};  ///< the frame of each lane, on this channel
    rabbitmq_unconfirmed unconfirmed_;
    std::uint64_t serials_;
    std::size_t body_max_{body_max_default};  ///< less once this server has said so
    bool blocked_{false};                     ///< the broker takes no messages: an alarm there
    std::uint16_t returned_on_{0};            ///< the channel of a message that is being returned; 0: none is
    steady::time_point lent_at_{};            ///< when the publications since the last flush() were lent; 0: none was
    std::string last_trouble_{};
    bool unproven_{false};  ///< the broker takes the connection, and has closed the channel for what was published
};

}  // namespace freshet
