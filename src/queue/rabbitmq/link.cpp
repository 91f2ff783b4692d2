#include "queue/rabbitmq/link.hpp"

#include "base/escape.hpp"
#include "base/jitter.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace freshet {

namespace asio = boost::asio;

namespace {

constexpr std::size_t read_room = std::size_t{256} << 10;
constexpr milliseconds watch_every{250};
constexpr std::string_view consumer_tag = "freshet";  // there is one on its channel

std::string with_hint(std::string reason, const rabbitmq_options& o) {
    if (reason.find("NOT_FOUND") != reason.npos && o.declare == declaration::check)
        reason += "; declare = \"create\" makes it";
    return reason;
}

}  // namespace

rabbitmq_link::rabbitmq_link(shard& back, const rabbitmq_options& options, link_owner& owner)
    : back_(back),
      options_(options),
      owner_(owner),
      dead_name_(options.queue_name + ".dead"),
      watch_timer_(back.context()),
      pause_timer_(back.context()),
      read_buffer_(read_room),
      properties_("freshet/" + options.name, options.user),
      unconfirmed_(owner),
      serials_(std::uint64_t{std::random_device{}()} << 31),
      acks_(consuming) {}

void rabbitmq_link::start() {
    asio::co_spawn(back_.context(), run(), [self = shared_from_this()](const std::exception_ptr& thrown) {
        if (thrown == nullptr) return;
        try {
            std::rethrow_exception(thrown);
        } catch (const std::exception& e) {
            spdlog::critical("queue {}: its connection has ended: {}", self->options_.name, e.what());
        }
    });
}

void rabbitmq_link::consume() { happened(rabbitmq_event::wanted); }
void rabbitmq_link::rest() { happened(rabbitmq_event::unwanted); }
void rabbitmq_link::level() { happened(rabbitmq_event::level); }
void rabbitmq_link::ask_for_others() { happened(rabbitmq_event::others); }
void rabbitmq_link::stop() { happened(rabbitmq_event::stopped); }

void rabbitmq_link::happened(rabbitmq_event e) { carry_out(state_.take(e)); }

void rabbitmq_link::carry_out(const rabbitmq_actions& todo) {
    if (todo.publish_again) publish_again();
    if (todo.subscribe) subscribe();
    if (todo.unsubscribe) unsubscribe();
    if (todo.recover) recover();
    if (todo.give_back) acks_.give_back(last_tag_);
    if (todo.hand_over) owner_.arrived(std::move(incoming_->what));
    if (todo.ask) ask();
    if (todo.tell_connected) owner_.connected();
    if (todo.tell_lost) tell_lost();
    if (todo.end) end_all(todo.say_goodbye);
}

void rabbitmq_link::tell_lost() {
    owner_.revoked();
    owner_.disconnected();
}

void rabbitmq_link::end_all(bool say_goodbye) {
    std::string last_words;
    if (say_goodbye && !is_writing()) {
        amqp_connection_close_t close{};
        close.reply_code = 200;
        close.reply_text = to_amqp("goodbye");
        last_words = out_;
        acks_.say(last_words);
        append_method(last_words, 0, AMQP_CONNECTION_CLOSE_METHOD, &close);
    }
    if (socket_ != nullptr) socket_->close(last_words);
    watch_timer_.cancel();
    pause_timer_.cancel();
    unconfirmed_.fail_all(errc::stopping);
}

// ---- one connection after another

asio::awaitable<void> rabbitmq_link::run() {
    const auto self = shared_from_this();
    for (std::size_t i = 0; !state_.is_stopped(); ++i) {
        const rabbitmq_server& server = options_.servers[i % options_.servers.size()];
        std::string reason;
        try {
            reason = co_await converse(server);
        } catch (const std::exception& e) {
            socket_->close();
            reason = e.what();
        }
        if (state_.is_stopped()) break;
        lost(reason, server);
        pause_timer_.expires_after(pause());
        auto [ec] = co_await pause_timer_.async_wait(asio::as_tuple(asio::use_awaitable));
        if (ec) break;
    }
}

milliseconds rabbitmq_link::pause() {
    pause_ = pause_.count() == 0 ? options_.reconnect_min : std::min(pause_ * 2, options_.reconnect_max);
    return jittered(pause_, random_);
}

void rabbitmq_link::forget_connection() {
    unread_ = {};
    out_.clear();
    incoming_.reset();
    acks_.begin_again();
    last_tag_ = 0;
    publishing_.begin_again();
    trouble_.clear();
    body_max_ = body_max_default;
    heartbeat_ = seconds(0);
}

/// Ends with the connection; says why it has ended.
asio::awaitable<std::string> rabbitmq_link::converse(const rabbitmq_server& with) {
    socket_ = std::make_unique<rabbitmq_socket>(back_, options_);
    reader_ = std::make_unique<amqp_reader>();
    forget_connection();
    setup_until_ = steady::now() + options_.connect_timeout;
    happened(rabbitmq_event::begun);
    watch();
    std::string wrong = co_await begin(with);
    if (!wrong.empty()) {
        fail(std::move(wrong));
        co_return trouble_;
    }
    if (state_.is_stopped()) co_return std::string();
    answers(with);
    while (state_.is_usable()) {
        const bool more = co_await read_more();
        if (!more || state_.is_stopped()) break;  // what was read as it was stopped is told to nobody
        take_frames();
    }
    std::string why = trouble_;
    if (!state_.is_stopped()) socket_->close();
    co_return why;
}

/// The connection can be used.
void rabbitmq_link::answers(const rabbitmq_server& server) {
    pause_ = milliseconds(0);
    if (!last_trouble_.empty()) spdlog::info("queue {}: {}:{} answers again", options_.name, server.host, server.port);
    last_trouble_.clear();
    happened(rabbitmq_event::set_up);
    take_frames();
}

void rabbitmq_link::lost(const std::string& reason, const rabbitmq_server& server) {
    const std::string words = with_hint(reason, options_);
    if (words != last_trouble_)
        spdlog::warn("queue {}: {}:{}: {}; connecting again", options_.name, server.host, server.port, escaped(words));
    last_trouble_ = words;
    happened(rabbitmq_event::closed);
}

void rabbitmq_link::fail(std::string reason) {
    end(std::move(reason));
    socket_->close();
}

void rabbitmq_link::acknowledge(delivery_tag tag) { acks_.settled(tag); }

void rabbitmq_link::unsubscribe() {
    acks_.say(out_);
    amqp_basic_cancel_t cancel{};
    cancel.consumer_tag = to_amqp(consumer_tag);
    say_method(consuming, AMQP_BASIC_CANCEL_METHOD, &cancel);
}

void rabbitmq_link::recover() {
    amqp_basic_recover_t recover{};
    recover.requeue = 1;
    say_method(consuming, AMQP_BASIC_RECOVER_METHOD, &recover);
}

void rabbitmq_link::subscribe() {
    amqp_basic_consume_t consume{};
    consume.queue = to_amqp(options_.queue_name);
    consume.consumer_tag = to_amqp(consumer_tag);
    say_method(consuming, AMQP_BASIC_CONSUME_METHOD, &consume);
}

/// By declaring the queue passively.
void rabbitmq_link::ask() {
    amqp_queue_declare_t d{};
    d.queue = to_amqp(options_.queue_name);
    d.passive = 1;
    say_method(consuming, AMQP_QUEUE_DECLARE_METHOD, &d);
}

void rabbitmq_link::open_channel(std::uint16_t channel) {
    amqp_channel_open_t open{};
    say_method(channel, AMQP_CHANNEL_OPEN_METHOD, &open);
}

void rabbitmq_link::say_method(std::uint16_t channel, amqp_method_number_t method, const void* fields) {
    append_method(out_, channel, method, fields);
}

void rabbitmq_link::flush() {
    lent_at_ = {};
    if (is_writing() || !state_.can_write()) return;
    acks_.say(out_);
    if (out_.empty()) return;
    writing_.swap(out_);
    said_ = steady::now();
    socket_->write(writing_, [self = shared_from_this(), to = socket_.get()](const boost::system::error_code& ec) {
        self->writing_.clear();
        if (self->state_.is_stopped() || to != self->socket_.get()) return;
        if (ec) self->fail(ec.message());
        else self->flush();
    });
}

bool rabbitmq_link::has_unconfirmed() const noexcept {
    return state_.is_connected() && (!unconfirmed_.empty() || !acks_.empty() || !out_.empty() || is_writing());
}

// ---- time

void rabbitmq_link::watch() {
    watch_timer_.expires_after(watch_every);
    watch_timer_.async_wait([self = shared_from_this()](const boost::system::error_code& ec) {
        if (ec || self->state_.is_stopped()) return;
        self->look_around();
        self->watch();
    });
}

void rabbitmq_link::look_around() {
    const auto now = steady::now();
    if (!state_.is_connected()) unconfirmed_.time_out(now - options_.publish_timeout);
    if (state_.now() == rabbitmq_state::setting_up && now > setup_until_) fail("it did not answer in time");
    owner_.arrivals_over();
    if (state_.is_usable() && heartbeat_.count() != 0) look_at_heartbeats(now);
}

void rabbitmq_link::look_at_heartbeats(steady::time_point now) {
    if (now - heard_ > heartbeat_ * 2) {
        fail(fmt::format("nothing was heard of it for {} s", heartbeat_.count() * 2));
    } else if (now - said_ > heartbeat_ / 2 && !is_writing()) {
        append_heartbeat(out_);
        flush();
    }
}

}  // namespace freshet
