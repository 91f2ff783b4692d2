// What comes from a queue on RabbitMQ, what is acknowledged and what is asked, on a connection of its own: it never
// waits behind what is published. What it does next is said by rabbitmq_consumer_state. Back shard only.
#pragma once

#include "config/broker_options.hpp"
#include "queue/broker/link.hpp"
#include "queue/rabbitmq/channel/acks.hpp"
#include "queue/rabbitmq/channel/subscriptions.hpp"
#include "queue/rabbitmq/connection/connection.hpp"
#include "queue/rabbitmq/consumer_state.hpp"
#include "shard/shard.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace freshet {

class rabbitmq_consumer final : private rabbitmq_user {
public:
    /// `changed` is called when server() has changed, and when a connection could not be made.
    rabbitmq_consumer(shard& back, const rabbitmq_options& options, link_owner& owner, std::function<void()> changed);

    void start(const std::shared_ptr<void>& whole) { connection_.start(whole); }
    bool is_ready() const noexcept { return connection_.is_ready(); }
    /// That there is a connection to; null: to none.
    const rabbitmq_server* server() const noexcept { return server_; }
    /// The queue was there when a broker was asked last.
    bool was_there() const noexcept { return was_there_; }

    /// Each of the servers was asked once, at least.
    bool has_tried_all() const noexcept { return tried_ >= options_.servers.size(); }

    void acknowledge(delivery_tag tag);
    void consume(std::size_t more);
    std::size_t room() const noexcept { return subscriptions_.room(); }
    void pause();
    void give_back(delivery_tag tag);
    void rest();
    void level() { happened(consumer_event::level); }
    void history_made_up();
    void ask_for_others() { happened(consumer_event::others); }
    void flush() { connection_.flush(); }
    bool has_unsaid() const noexcept { return is_ready() && (!acks_.empty() || connection_.is_writing()); }
    void stop() { connection_.stop(); }
    bool is_leaving() const noexcept { return connection_.is_leaving(); }
    void cut() { connection_.cut(); }

private:
    static constexpr std::uint16_t channel = 1;

    using awaitable_trouble = boost::asio::awaitable<std::string>;

    /// A content that is coming in, behind its deliver.
    struct incoming {
        delivery_tag tag{0};
        bool redelivered{false};
        std::uint64_t missing{0};  ///< bytes of the body
        bool begun{false};         ///< its properties have come
        arrival what{};
    };

    const rabbitmq_server* next_server() override;
    awaitable_trouble prepare() override;
    awaitable_trouble look_for_queue();
    awaitable_trouble declare(const std::string& queue, bool with_limits);
    awaitable_trouble declare_exchange();
    void ready(const rabbitmq_server& server) override;
    void lost(const std::string& reason, const rabbitmq_server& server, bool was_ready) override;
    bool take_method(const amqp_method_t& method, amqp_channel_t from) override;
    void take_properties(const amqp_frame_t& frame) override;
    void take_body(std::string_view piece) override;
    void arrivals_over() override { owner_.arrivals_over(); }
    void add_last(std::string& to) override { acks_.say(to); }
    void look_around(steady::time_point) override { owner_.arrivals_over(); }

    /// Feeds the state, and does what it says.
    void happened(consumer_event e) { carry_out(state_.take(e)); }
    void carry_out(const consumer_actions& todo);
    bool has_lost_history() const noexcept;
    void content_over();
    void subscribe();
    void unsubscribe();
    void recover();
    void give_all_back();
    void ask();
    void answered(const amqp_queue_declare_ok_t& answer);

    const rabbitmq_options& options_;
    link_owner& owner_;
    const std::function<void()> changed_;
    const std::string dead_name_;
    rabbitmq_connection connection_;
    rabbitmq_consumer_state state_{};
    std::size_t tried_{0};
    const rabbitmq_server* server_{nullptr};
    bool was_there_{false};
    std::string last_trouble_{};
    std::optional<incoming> incoming_{};
    rabbitmq_acks acks_{channel};
    rabbitmq_subscriptions subscriptions_{};
    delivery_tag last_tag_{0};
};

}  // namespace freshet
