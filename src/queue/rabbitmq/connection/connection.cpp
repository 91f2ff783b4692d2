#include "queue/rabbitmq/connection/connection.hpp"

#include "base/jitter.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <utility>

namespace freshet {

namespace asio = boost::asio;

namespace {
constexpr std::size_t read_room = std::size_t{256} << 10;
constexpr milliseconds watch_every{250};
}  // namespace

rabbitmq_connection::rabbitmq_connection(shard& back, const rabbitmq_options& options, rabbitmq_user& user,
                                         std::string purpose)
    : back_(back),
      options_(options),
      user_(user),
      name_(purpose.empty() ? options.name : options.name + " " + purpose),
      watch_timer_(back.context()),
      pause_timer_(back.context()),
      read_buffer_(read_room) {}

void rabbitmq_connection::start(const std::shared_ptr<void>& whole) {
    whole_ = whole;
    asio::co_spawn(back_.context(), run(whole), [whole, name = name_](const std::exception_ptr& thrown) {
        if (thrown == nullptr) return;
        try {
            std::rethrow_exception(thrown);
        } catch (const std::exception& e) {
            spdlog::critical("queue {}: its connection has ended: {}", name, e.what());
        }
    });
}

void rabbitmq_connection::stop() {
    const rabbitmq_actions todo = happened(rabbitmq_event::stopped);
    if (todo.say_goodbye) say_goodbye();
    if (todo.end) end_all();
}

void rabbitmq_connection::cut() {
    if (happened(rabbitmq_event::cut).end) end_all();
}

void rabbitmq_connection::say_goodbye() {
    watch_timer_.cancel();
    user_.add_last(out_);
    amqp_connection_close_t close{};
    close.reply_code = 200;
    close.reply_text = to_amqp("goodbye");
    say(0, AMQP_CONNECTION_CLOSE_METHOD, &close);
    write_out();
}

void rabbitmq_connection::end_all() {
    if (socket_ != nullptr) socket_->close();
    watch_timer_.cancel();
    pause_timer_.cancel();
}

// ---- one after another

asio::awaitable<void> rabbitmq_connection::run(std::shared_ptr<void>) {
    while (!state_.is_stopped()) {
        const rabbitmq_server* const server = user_.next_server();
        if (server == nullptr) {
            co_await rest(watch_every);
            continue;
        }
        std::string reason;
        try {
            reason = co_await converse(*server);
        } catch (const std::exception& e) {
            socket_->close();
            reason = e.what();
        }
        const rabbitmq_actions todo = happened(rabbitmq_event::closed);
        if (state_.is_stopped()) break;
        user_.lost(reason, *server, todo.tell_lost);
        co_await rest(next_pause());
    }
}

asio::awaitable<void> rabbitmq_connection::rest(milliseconds pause) {
    pause_timer_.expires_after(pause);
    auto [hurried] = co_await pause_timer_.async_wait(asio::as_tuple(asio::use_awaitable));
    static_cast<void>(hurried);
}

milliseconds rabbitmq_connection::next_pause() {
    pause_ = pause_.count() == 0 ? options_.reconnect_min : std::min(pause_ * 2, options_.reconnect_max);
    return jittered(pause_, random_);
}

void rabbitmq_connection::begin_anew() {
    unread_ = {};
    out_.clear();
    trouble_.clear();
    heartbeat_ = seconds(0);
    setup_until_ = steady::now() + options_.connect_timeout;
    socket_ = std::make_unique<rabbitmq_socket>(back_, options_);
    reader_ = std::make_unique<amqp_reader>();
}

/// Ends with the connection; says why it has ended.
asio::awaitable<std::string> rabbitmq_connection::converse(const rabbitmq_server& with) {
    begin_anew();
    happened(rabbitmq_event::begun);
    watch();
    std::string wrong = co_await begin(with);
    if (!wrong.empty()) {
        fail(std::move(wrong));
        co_return trouble_;
    }
    if (state_.is_stopped()) co_return std::string();
    pause_ = milliseconds(0);
    if (happened(rabbitmq_event::set_up).tell_ready) user_.ready(with);
    take_frames();
    while (state_.is_open() || state_.is_leaving()) {
        const bool more = co_await read_more();
        if (!more || state_.is_stopped()) break;
        if (state_.is_open()) take_frames();
        else if (is_answered_goodbye()) break;
    }
    std::string why = trouble_;
    if (!state_.is_stopped()) socket_->close();
    co_return why;
}

bool rabbitmq_connection::end(std::string reason) {
    if (trouble_.empty()) trouble_ = std::move(reason);
    happened(rabbitmq_event::broken);
    return false;
}

void rabbitmq_connection::fail(std::string reason) {
    end(std::move(reason));
    socket_->close();
}

// ---- frames

void rabbitmq_connection::open_channel(std::uint16_t channel) {
    amqp_channel_open_t open{};
    say(channel, AMQP_CHANNEL_OPEN_METHOD, &open);
}

void rabbitmq_connection::flush() {
    if (!writing_.empty() || !state_.can_write()) return;
    user_.add_last(out_);
    write_out();
}

void rabbitmq_connection::write_out() {
    if (!writing_.empty() || out_.empty()) return;
    writing_.swap(out_);
    said_ = steady::now();
    socket_->write(writing_, [this, whole = whole_.lock(), to = socket_.get()](const boost::system::error_code& ec) {
        writing_.clear();
        if (state_.is_stopped() || to != socket_.get()) return;
        if (ec) fail(ec.message());
        else if (state_.is_leaving()) write_out();
        else flush();
    });
}

void rabbitmq_connection::take_frames() {
    amqp_frame_t frame{};
    for (;;) {
        const auto status = reader_->next(unread_, frame);
        if (status == amqp_reader::status::more) break;
        if (status == amqp_reader::status::wrong) {
            end("what it says is no AMQP");
            return;
        }
        if (!take(frame)) return;
    }
    user_.arrivals_over();
    flush();
}

/// Whatever else comes is nobody's.
bool rabbitmq_connection::is_answered_goodbye() {
    amqp_frame_t frame{};
    for (auto status = amqp_reader::status::frame; status == amqp_reader::status::frame;) {
        status = reader_->next(unread_, frame);
        if (status == amqp_reader::status::wrong) return true;
        if (status != amqp_reader::status::frame || frame.frame_type != AMQP_FRAME_METHOD) continue;
        const amqp_method_number_t said = frame.payload.method.id;
        if (said == AMQP_CONNECTION_CLOSE_OK_METHOD || said == AMQP_CONNECTION_CLOSE_METHOD) return true;
    }
    return false;
}

bool rabbitmq_connection::take(const amqp_frame_t& frame) {
    switch (frame.frame_type) {
        case AMQP_FRAME_METHOD:
            if (frame.payload.method.id == AMQP_CONNECTION_CLOSE_METHOD)
                return end(told_by_server(frame.payload.method));
            return user_.take_method(frame.payload.method, frame.channel);
        case AMQP_FRAME_HEADER: user_.take_properties(frame); return true;
        case AMQP_FRAME_BODY: user_.take_body(from_amqp(frame.payload.body_fragment)); return true;
        default: return true;
    }
}

std::string told_by_server(const amqp_method_t& m) {
    if (m.id == AMQP_CHANNEL_CLOSE_METHOD) {
        const auto& f = fields_of<amqp_channel_close_t>(m);
        return fmt::format("{} {}", f.reply_code, from_amqp(f.reply_text));
    }
    const auto& f = fields_of<amqp_connection_close_t>(m);
    return fmt::format("{} {}", f.reply_code, from_amqp(f.reply_text));
}

// ---- time

void rabbitmq_connection::watch() {
    watch_timer_.expires_after(watch_every);
    watch_timer_.async_wait([this, whole = whole_.lock()](const boost::system::error_code& ec) {
        if (ec || state_.is_stopped() || state_.is_leaving()) return;
        look_around();
        watch();
    });
}

void rabbitmq_connection::look_around() {
    const auto now = steady::now();
    if (state_.now() == rabbitmq_state::setting_up && now > setup_until_) fail("it did not answer in time");
    user_.look_around(now);
    if (state_.is_open() && heartbeat_.count() != 0) look_at_heartbeats(now);
}

void rabbitmq_connection::look_at_heartbeats(steady::time_point now) {
    if (now - heard_ > heartbeat_ * 2) {
        fail(fmt::format("nothing was heard of it for {} s", heartbeat_.count() * 2));
    } else if (now - said_ > heartbeat_ / 2 && writing_.empty()) {
        append_heartbeat(out_);
        flush();
    }
}

}  // namespace freshet
