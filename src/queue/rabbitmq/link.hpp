// The connection of one queue to RabbitMQ: publisher confirms on one channel, the consumer on another. When it is lost
// it connects again, and what was not confirmed is published again. What it does next is said by rabbitmq_link_state;
// here are the socket, the time, and what is said and heard. Back shard only.
#pragma once

#include <freshet/config.hpp>
#include <freshet/error.hpp>
#include <freshet/time.hpp>

#include "config/broker_options.hpp"
#include "queue/broker/link.hpp"
#include "queue/operations.hpp"
#include "queue/rabbitmq/wire/amqp_wire.hpp"
#include "queue/rabbitmq/channel/acks.hpp"
#include "queue/rabbitmq/channel/publishing_channel.hpp"
#include "queue/rabbitmq/channel/unconfirmed.hpp"
#include "queue/rabbitmq/link_state.hpp"
#include "queue/rabbitmq/wire/message.hpp"
#include "queue/rabbitmq/socket.hpp"
#include "shard/shard.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace freshet {

class rabbitmq_link final : public broker_link, public std::enable_shared_from_this<rabbitmq_link> {
public:
    rabbitmq_link(shard& back, const rabbitmq_options& options, link_owner& owner);

    void start() override;
    void publish(publication& p, lane to, std::string_view reason) override;
    void flush() override;
    void acknowledge(delivery_tag tag) override;
    void consume() override;
    void ask_for_others() override;
    void rest() override;
    void level() override;
    bool is_connected() const noexcept override { return state_.is_connected(); }
    bool has_unconfirmed() const noexcept override;
    void stop() override;

private:
    static constexpr std::size_t body_max_default = std::size_t{128} << 20;  ///< RabbitMQ's
    static constexpr std::uint16_t consuming = 2;                            ///< the consumer's channel

    using awaitable_trouble = boost::asio::awaitable<std::string>;

    /// A content that is coming in, behind a deliver or a return.
    struct incoming {
        bool returned{false};
        std::uint16_t channel{0};
        delivery_tag tag{0};
        bool redelivered{false};
        std::uint64_t serial{0};
        std::uint64_t missing{0};  ///< bytes of the body
        bool begun{false};         ///< its properties have come
        arrival what{};
    };

    boost::asio::awaitable<void> run();
    awaitable_trouble converse(const rabbitmq_server& with);
    awaitable_trouble begin(const rabbitmq_server& with);
    awaitable_trouble say_hello();
    awaitable_trouble prepare_publishing();
    awaitable_trouble prepare_consuming();
    awaitable_trouble declare(const std::string& queue, bool with_limits);
    awaitable_trouble expect(amqp_method_number_t method);
    boost::asio::awaitable<bool> read_more();

    void take_frames();
    bool take(const amqp_frame_t& frame);
    bool take_method(const amqp_method_t& method, amqp_channel_t channel);
    void take_properties(const amqp_frame_t& frame);
    void take_body(std::string_view piece);
    void content_over();
    bool end(std::string reason);
    std::string told_by_server(const amqp_method_t& method) const;

    /// Feeds the state, and does what it says.
    void happened(rabbitmq_event e);
    void carry_out(const rabbitmq_actions& todo);
    void tell_lost();
    void end_all(bool say_goodbye);
    bool send(const publication& p, lane to, std::string_view reason, std::uint64_t serial);
    void refused(std::uint64_t tag, bool multiple);
    bool publishing_closed(const amqp_method_t& close);
    errc refusal() const noexcept;
    bool limits_length() const noexcept { return options_.queue.length_max != queue_options{}.length_max; }
    bool limits_bytes() const noexcept { return options_.queue.bytes_max != queue_options{}.bytes_max; }
    void publish_again();
    void publish_on(std::uint16_t channel);
    void open_channel(std::uint16_t channel);
    void say_method(std::uint16_t channel, amqp_method_number_t method, const void* fields);
    void subscribe();
    void unsubscribe();
    void recover();
    void ask();
    void answered(const amqp_queue_declare_ok_t& answer);
    void watch();
    void look_around();
    void look_at_heartbeats(steady::time_point now);
    void fail(std::string reason);
    bool is_writing() const noexcept { return !writing_.empty(); }
    void forget_connection();
    void answers(const rabbitmq_server& server);
    void lost(const std::string& reason, const rabbitmq_server& server);
    milliseconds pause();

    shard& back_;
    const rabbitmq_options options_;
    link_owner& owner_;
    const std::string dead_name_;
    boost::asio::steady_timer watch_timer_, pause_timer_;
    std::unique_ptr<rabbitmq_socket> socket_;
    std::unique_ptr<amqp_reader> reader_;
    std::vector<char> read_buffer_;
    std::string_view unread_{};
    std::string out_{};
    std::string writing_{};  ///< by the socket, now; empty: nothing is
    std::size_t frame_max_{131'072};
    std::size_t body_max_{body_max_default};  ///< less once this server has said so
    rabbitmq_link_state state_{};
    std::string trouble_{};  ///< why the connection ends, once it does
    std::string last_trouble_{};
    seconds heartbeat_{0};
    steady::time_point heard_{}, said_{}, setup_until_{};
    steady::time_point lent_at_{};  ///< when the publications since the last flush() were lent; 0: none was
    milliseconds pause_{0};
    std::minstd_rand random_{std::random_device{}()};

    rabbitmq_properties properties_;
    rabbitmq_publishing_channel publishing_{};
    std::string publish_method_[2]{};  ///< the frame of each lane, on this channel
    rabbitmq_unconfirmed unconfirmed_;
    std::uint64_t serials_;
    std::optional<incoming> incoming_{};
    rabbitmq_acks acks_;
    delivery_tag last_tag_{0};
};

}  // namespace freshet
