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
constexpr int level_rounds = 2;
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
      properties_("freshet/" + options.name),
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

// ---- one connection after another

asio::awaitable<void> rabbitmq_link::run() {
    const auto self = shared_from_this();
    for (std::size_t i = 0; !stopped_; ++i) {
        const rabbitmq_server& server = options_.servers[i % options_.servers.size()];
        const std::string reason = co_await converse(server);
        if (stopped_) break;
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

/// Ends with the connection; says why it has ended.
asio::awaitable<std::string> rabbitmq_link::converse(const rabbitmq_server& with) {
    socket_ = std::make_unique<rabbitmq_socket>(back_.context(), options_);
    reader_ = std::make_unique<amqp_reader>();
    unread_ = {};
    out_.clear();
    incoming_.reset();
    acks_.begin_again();
    last_tag_ = 0;
    recoveries_ = 0;
    closing_ = 0;
    refused_ = false;
    trouble_.clear();
    heartbeat_ = seconds(0);
    setup_until_ = steady::now() + options_.connect_timeout;
    watch();
    std::string wrong = co_await begin(with);
    if (!wrong.empty()) {
        socket_->close();
        co_return trouble_.empty() ? wrong : trouble_;
    }
    connected_ = true;
    pause_ = milliseconds(0);
    if (!last_trouble_.empty()) spdlog::info("queue {}: {}:{} answers again", options_.name, with.host, with.port);
    last_trouble_.clear();
    publish_again();
    if (wanted_) subscribe();
    owner_.connected();
    take_frames();
    while (trouble_.empty() && !stopped_) {
        const bool more = co_await read_more();
        if (!more) break;
        take_frames();
    }
    std::string why = trouble_;
    if (!stopped_) socket_->close();
    co_return why;
}

void rabbitmq_link::lost(const std::string& reason, const rabbitmq_server& server) {
    const bool was_connected = connected_;
    connected_ = blocked_ = false;
    levels_ = 0;
    asked_.clear();
    const std::string words = with_hint(reason, options_);
    if (words != last_trouble_)
        spdlog::warn("queue {}: {}:{}: {}; connecting again", options_.name, server.host, server.port, escaped(words));
    last_trouble_ = words;
    if (!was_connected) return;
    owner_.revoked();
    owner_.disconnected();
}

void rabbitmq_link::acknowledge(delivery_tag tag) { acks_.settled(tag); }

void rabbitmq_link::consume() {
    if (wanted_) return;
    wanted_ = true;
    if (connected_) subscribe();
}

void rabbitmq_link::rest() {
    if (!wanted_) return;
    wanted_ = false;
    if (!connected_) return;
    acks_.say(out_);
    amqp_basic_cancel_t cancel{};
    cancel.consumer_tag = to_amqp(consumer_tag);
    say_method(consuming, AMQP_BASIC_CANCEL_METHOD, &cancel);
    recover();
}

void rabbitmq_link::recover() {
    amqp_basic_recover_t recover{};
    recover.requeue = 1;
    say_method(consuming, AMQP_BASIC_RECOVER_METHOD, &recover);
    ++recoveries_;
}

void rabbitmq_link::subscribe() {
    amqp_basic_consume_t consume{};
    consume.queue = to_amqp(options_.queue_name);
    consume.consumer_tag = to_amqp(consumer_tag);
    say_method(consuming, AMQP_BASIC_CONSUME_METHOD, &consume);
}

/// Asks how many are ready, twice: what was under way when it was asked the first time has come before the second
/// answer.
void rabbitmq_link::level() {
    levels_ = level_rounds;
    ask(question::level);
}

void rabbitmq_link::ask_for_others() {
    if (connected_) ask(question::others);
}

void rabbitmq_link::ask(question q) {
    asked_.push_back(q);
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
    if (write_under_way_ || !trouble_.empty() || stopped_) return;
    acks_.say(out_);
    if (out_.empty()) return;
    write_under_way_ = true;
    writing_.clear();
    writing_.swap(out_);
    said_ = steady::now();
    socket_->write(writing_, [self = shared_from_this(), to = socket_.get()](const boost::system::error_code& ec) {
        self->write_under_way_ = false;
        if (self->stopped_ || to != self->socket_.get()) return;
        if (ec) {
            self->end(ec.message());
            self->socket_->close();
        } else {
            self->flush();
        }
    });
}

bool rabbitmq_link::has_unconfirmed() const noexcept {
    return connected_ && (!unconfirmed_.empty() || !acks_.empty() || !out_.empty() || write_under_way_);
}

// ---- time

void rabbitmq_link::watch() {
    watch_timer_.expires_after(watch_every);
    watch_timer_.async_wait([self = shared_from_this()](const boost::system::error_code& ec) {
        if (ec || self->stopped_) return;
        self->look_around();
        self->watch();
    });
}

void rabbitmq_link::look_around() {
    const auto now = steady::now();
    // In their order, since sending one again keeps its time.
    while (!unconfirmed_.empty() && unconfirmed_.front().since + options_.publish_timeout <= now && !connected_) {
        if (!unconfirmed_.front().told) tell(unconfirmed_.front(), failure{errc::timed_out, effect::maybe_done, {}});
        unconfirmed_.pop_front();
    }
    if (!connected_) {
        if (trouble_.empty() && now > setup_until_) {
            end("it did not answer in time");
            socket_->close();
        }
        owner_.arrivals_over();
        return;
    }
    owner_.arrivals_over();
    if (heartbeat_.count() == 0) return;
    if (now - heard_ > heartbeat_ * 2) {
        end(fmt::format("nothing was heard of it for {} s", heartbeat_.count() * 2));
        socket_->close();
        return;
    }
    if (now - said_ > heartbeat_ / 2 && !write_under_way_) {
        append_heartbeat(out_);
        flush();
    }
}

void rabbitmq_link::stop() {
    if (stopped_) return;
    stopped_ = true;
    std::string last_words;
    if (connected_ && !write_under_way_) {
        amqp_connection_close_t close{};
        close.reply_code = 200;
        close.reply_text = to_amqp("goodbye");
        last_words = out_;
        acks_.say(last_words);
        append_method(last_words, 0, AMQP_CONNECTION_CLOSE_METHOD, &close);
    }
    connected_ = false;
    if (socket_ != nullptr) socket_->close(last_words);
    watch_timer_.cancel();
    pause_timer_.cancel();
    fail_all(errc::stopping);
}

}  // namespace freshet
