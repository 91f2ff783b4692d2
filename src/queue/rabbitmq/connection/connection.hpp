// A connection to RabbitMQ that is made again whenever it is lost: frames out and in, heartbeats, and a user that says
// what it is for. What it does next is said by rabbitmq_connection_state. Back shard only.
#pragma once

#include <freshet/time.hpp>

#include "config/broker_options.hpp"
#include "queue/rabbitmq/connection/connection_state.hpp"
#include "queue/rabbitmq/connection/socket.hpp"
#include "queue/rabbitmq/wire/amqp_wire.hpp"
#include "shard/shard.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace freshet {

/// What one connection is for. Nothing is called after rabbitmq_connection::stop().
class rabbitmq_user {
public:
    /// Where the next connection leads; null: nowhere for now, until hurry().
    virtual const rabbitmq_server* next_server() = 0;
    /// Says what is to be said behind hello; what went wrong, in words; empty: nothing. A new connection: what was said
    /// on the one before counts for nothing.
    virtual boost::asio::awaitable<std::string> prepare() = 0;
    virtual void ready(const rabbitmq_server& server) = 0;
    /// The connection has ended; `was_ready`: it could be used.
    virtual void lost(const std::string& reason, const rabbitmq_server& server, bool was_ready) = 0;
    /// False: end() was called.
    virtual bool take_method(const amqp_method_t& method, amqp_channel_t channel) = 0;
    virtual void take_properties(const amqp_frame_t& frame) = 0;
    virtual void take_body(std::string_view piece) = 0;
    /// What came at once has been taken.
    virtual void arrivals_over() = 0;
    /// Appends what is said as late as possible.
    virtual void add_last(std::string& to) = 0;
    /// Every 250 ms.
    virtual void look_around(steady::time_point now) = 0;

protected:
    ~rabbitmq_user() = default;
};

class rabbitmq_connection {
public:
    /// `purpose`: behind the queue's name, for people who look at the broker's connections; empty: nothing.
    rabbitmq_connection(shard& back, const rabbitmq_options& options, rabbitmq_user& user, std::string purpose);

    /// `whole`: what the connection and its user are parts of; it lives as long as something is under way.
    void start(const std::shared_ptr<void>& whole);
    /// It does not wait any longer before it connects again.
    void hurry() { pause_timer_.cancel(); }
    /// Says what is to be said, and goodbye; what comes from now on is told to nobody. It ends once the broker
    /// has answered, which has taken all of that then: who closes while something comes in takes back what he has said.
    void stop();
    /// After stop(), and not ended yet.
    bool is_leaving() const noexcept { return state_.is_leaving(); }
    /// Ends at once.
    void cut();

    bool is_ready() const noexcept { return state_.is_ready(); }
    bool is_open() const noexcept { return state_.is_open(); }
    std::size_t frame_max() const noexcept { return frame_max_; }
    /// Something is on its way out.
    bool is_writing() const noexcept { return !writing_.empty() || !out_.empty(); }

    // What is to be sent, until flush().
    std::string& out() noexcept { return out_; }
    void say(std::uint16_t channel, amqp_method_number_t method, const void* fields) {
        append_method(out_, channel, method, fields);
    }
    void open_channel(std::uint16_t channel);
    void flush();
    /// Within prepare(): says what is there to be said and waits for this method; or what came in its place, in words.
    boost::asio::awaitable<std::string> expect(amqp_method_number_t method);
    /// The connection is over, with this reason; false, always.
    bool end(std::string reason);
    /// So it is, without a frame that has come.
    void fail(std::string reason);

private:
    using awaitable_trouble = boost::asio::awaitable<std::string>;

    boost::asio::awaitable<void> run(std::shared_ptr<void> whole);
    boost::asio::awaitable<void> rest(milliseconds pause);
    awaitable_trouble converse(const rabbitmq_server& with);
    awaitable_trouble begin(const rabbitmq_server& with);
    awaitable_trouble say_hello();
    boost::asio::awaitable<bool> read_more();

    void take_frames();
    bool is_answered_goodbye();
    bool take(const amqp_frame_t& frame);
    rabbitmq_actions happened(rabbitmq_event e) { return state_.take(e); }
    void say_goodbye();
    void end_all();
    void write_out();
    void begin_anew();
    void watch();
    void look_around();
    void look_at_heartbeats(steady::time_point now);
    milliseconds next_pause();

    shard& back_;
    const rabbitmq_options& options_;
    rabbitmq_user& user_;
    const std::string name_;  ///< what the broker calls it
    std::weak_ptr<void> whole_{};
    boost::asio::steady_timer watch_timer_, pause_timer_;
    std::unique_ptr<rabbitmq_socket> socket_{};
    std::unique_ptr<amqp_reader> reader_{};
    std::vector<char> read_buffer_;
    std::string_view unread_{};
    std::string out_{};
    std::string writing_{};  ///< by the socket, now; empty: nothing is
    std::size_t frame_max_{131'072};
    rabbitmq_connection_state state_{};
    std::string trouble_{};  ///< why the connection ends, once it does
    seconds heartbeat_{0};
    steady::time_point heard_{}, said_{}, setup_until_{};
    milliseconds pause_{0};
    std::minstd_rand random_{std::random_device{}()};
};

/// The broker's own words: of a channel or a connection that it closes.
std::string told_by_server(const amqp_method_t& close);

}  // namespace freshet
