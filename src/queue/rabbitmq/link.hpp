// The connection of one queue to RabbitMQ: publisher confirms on one channel, the consumer on another. When it is lost
// it connects again, and what was not confirmed is published again. Back shard only.
#pragma once

#include <freshet/config.hpp>
#include <freshet/error.hpp>
#include <freshet/time.hpp>

#include "config/broker_options.hpp"
#include "protocol/ask.hpp"
#include "queue/broker/link.hpp"
#include "queue/operations.hpp"
#include "queue/rabbitmq/acks.hpp"
#include "queue/rabbitmq/amqp_wire.hpp"
#include "queue/rabbitmq/message.hpp"
#include "queue/rabbitmq/socket.hpp"
#include "shard/shard.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <deque>
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
    bool is_connected() const noexcept override { return connected_; }
    bool has_unconfirmed() const noexcept override;
    void stop() override;

private:
    static constexpr std::uint16_t consuming = 2, publishing[] = {1, 3};  ///< the channels; of the latter one at a time
    static constexpr std::size_t body_max = std::size_t{128} << 20;       ///< RabbitMQ's max_message_size takes no more

    using awaitable_trouble = boost::asio::awaitable<std::string>;
    enum class question : std::uint8_t { level, others };

    struct unconfirmed {
        publication* who;
        lane to;
        std::string reason;  ///< of a dead letter
        std::uint64_t serial;
        steady::time_point since;
        bool told{false};      ///< out of its turn
        bool returned{false};  ///< no queue took it
    };
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

    void send(unconfirmed& u);
    void confirm(std::uint64_t tag, bool multiple, bool taken);
    void tell(unconfirmed& u, std::optional<failure> why);
    errc refusal() const noexcept;
    bool limits_length() const noexcept { return options_.queue.length_max != queue_options{}.length_max; }
    bool limits_bytes() const noexcept { return options_.queue.bytes_max != queue_options{}.bytes_max; }
    void tell_first();
    void fail_all(errc why);
    void publish_again();
    void publish_on(std::uint16_t channel);
    void publish_elsewhere();
    void open_channel(std::uint16_t channel);
    void say_method(std::uint16_t channel, amqp_method_number_t method, const void* fields);
    void subscribe();
    void recover();
    void ask(question q);
    void answered(const amqp_queue_declare_ok_t& answer);
    void watch();
    void look_around();
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
    std::string out_{}, writing_{};
    bool write_under_way_{false};
    std::size_t frame_max_{131'072};
    bool connected_{false}, stopped_{false}, blocked_{false}, wanted_{false};
    std::string trouble_{};  ///< why the connection ends
    std::string last_trouble_{};
    seconds heartbeat_{0};
    steady::time_point heard_{}, said_{}, setup_until_{};
    steady::time_point lent_at_{};  ///< when the publications since the last flush() were lent; 0: none was
    milliseconds pause_{0};
    std::minstd_rand random_{std::random_device{}()};

    rabbitmq_properties properties_;
    std::uint16_t publishing_{publishing[0]};
    std::uint16_t closing_{0};  ///< the channel that was published on before, until it is closed; 0: there is none
    std::string publish_method_[2]{};    ///< the frame of each lane, on this channel
    bool refused_{false};                ///< something was, on this connection
    steady::time_point next_channel_{};  ///< not before
    std::deque<unconfirmed> unconfirmed_{};
    std::uint64_t first_tag_{1};  ///< of unconfirmed_
    std::uint64_t serials_;
    std::optional<incoming> incoming_{};
    rabbitmq_acks acks_;
    delivery_tag last_tag_{0};
    unsigned recoveries_{0};        ///< asked for and not answered: what comes before the answer is the broker's again
    std::deque<question> asked_{};  ///< by declaring the queue passively, in order
    unsigned levels_{0};            ///< answers that are missing until levelled()
};

}  // namespace freshet
