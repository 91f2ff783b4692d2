#include "queue/rabbitmq_link.hpp"

#include "escape.hpp"
#include "jitter.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <array>

namespace freshet {

namespace asio = boost::asio;

namespace {

constexpr std::uint16_t publishing = 1, consuming = 2;  // the channels
constexpr std::size_t read_room = std::size_t{256} << 10;
constexpr milliseconds watch_every{250};
constexpr std::size_t body_max = std::size_t{128} << 20;  ///< RabbitMQ's max_message_size takes no more
constexpr int level_rounds = 2;

template <class Fields>
const Fields& fields_of(const amqp_method_t& m) noexcept {
    return *static_cast<const Fields*>(m.decoded);
}

amqp_table_entry_t entry(std::string_view name, std::string_view text) {
    amqp_table_entry_t e{};
    e.key = to_amqp(name);
    e.value.kind = AMQP_FIELD_KIND_UTF8;
    e.value.value.bytes = to_amqp(text);
    return e;
}
amqp_table_entry_t entry(std::string_view name, std::uint64_t number) {
    amqp_table_entry_t e{};
    e.key = to_amqp(name);
    e.value.kind = AMQP_FIELD_KIND_I64;
    e.value.value.i64 = static_cast<std::int64_t>(number);
    return e;
}
amqp_table_entry_t able(std::string_view what) {
    amqp_table_entry_t e{};
    e.key = to_amqp(what);
    e.value.kind = AMQP_FIELD_KIND_BOOLEAN;
    e.value.value.boolean = 1;
    return e;
}
template <std::size_t N>
amqp_table_t table_of(std::array<amqp_table_entry_t, N>& entries) {
    return {static_cast<int>(N), entries.data()};
}

bool limits_length(const rabbitmq_options& o) noexcept { return o.queue.length_max != queue_options{}.length_max; }
bool limits_bytes(const rabbitmq_options& o) noexcept { return o.queue.bytes_max != queue_options{}.bytes_max; }

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
      acks_(consuming) {
    amqp_basic_publish_t work{};
    work.exchange = to_amqp(options_.exchange);
    work.routing_key = to_amqp(options_.queue_name);
    work.mandatory = 1;
    append_method(publish_method_[static_cast<std::size_t>(lane::work)], publishing, AMQP_BASIC_PUBLISH_METHOD, &work);
    amqp_basic_publish_t dead{};
    dead.routing_key = to_amqp(dead_name_);
    dead.mandatory = 1;
    append_method(publish_method_[static_cast<std::size_t>(lane::dead)], publishing, AMQP_BASIC_PUBLISH_METHOD, &dead);
}

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
    const std::string words = with_hint(reason, options_);
    if (words != last_trouble_)
        spdlog::warn("queue {}: {}:{}: {}; connecting again", options_.name, server.host, server.port, escaped(words));
    last_trouble_ = words;
    if (!was_connected) return;
    owner_.revoked([](broker_tag) { return true; });
    owner_.disconnected();
}

asio::awaitable<std::string> rabbitmq_link::begin(const rabbitmq_server& with) {
    std::string wrong = co_await socket_->connect(with);
    if (!wrong.empty()) co_return wrong;
    wrong = co_await say_hello();
    if (!wrong.empty()) co_return wrong;
    wrong = co_await prepare_publishing();
    if (!wrong.empty()) co_return wrong;
    wrong = co_await prepare_consuming();
    co_return wrong;
}

asio::awaitable<std::string> rabbitmq_link::say_hello() {
    out_.append(amqp_protocol_header);
    std::string wrong = co_await expect(AMQP_CONNECTION_START_METHOD);
    if (!wrong.empty()) co_return wrong;
    std::array able_to{able("publisher_confirms"), able("basic.nack"), able("consumer_cancel_notify"),
                       able("connection.blocked"), able("authentication_failure_close")};
    std::array properties{entry("product", "freshet"), entry("version", FRESHET_VERSION),
                          entry("connection_name", options_.name), able("capabilities")};
    properties[3].value.kind = AMQP_FIELD_KIND_TABLE;
    properties[3].value.value.table = table_of(able_to);
    const std::string secret = '\0' + options_.user + '\0' + options_.password;
    amqp_connection_start_ok_t who{};
    who.client_properties = table_of(properties);
    who.mechanism = to_amqp("PLAIN");
    who.response = to_amqp(secret);
    who.locale = to_amqp("en_US");
    say_method(0, AMQP_CONNECTION_START_OK_METHOD, &who);
    wrong = co_await expect(AMQP_CONNECTION_TUNE_METHOD);
    if (!wrong.empty()) co_return wrong;
    amqp_connection_tune_ok_t tuned{};
    tuned.channel_max = 8;
    tuned.frame_max = static_cast<std::uint32_t>(frame_max_);
    tuned.heartbeat = static_cast<std::uint16_t>(options_.heartbeat.count());
    say_method(0, AMQP_CONNECTION_TUNE_OK_METHOD, &tuned);
    reader_->set_frame_max(frame_max_);
    amqp_connection_open_t open{};
    open.virtual_host = to_amqp(options_.virtual_host);
    say_method(0, AMQP_CONNECTION_OPEN_METHOD, &open);
    wrong = co_await expect(AMQP_CONNECTION_OPEN_OK_METHOD);
    heartbeat_ = options_.heartbeat;
    co_return wrong;
}

asio::awaitable<std::string> rabbitmq_link::open_channel(std::uint16_t channel) {
    amqp_channel_open_t open{};
    say_method(channel, AMQP_CHANNEL_OPEN_METHOD, &open);
    std::string wrong = co_await expect(AMQP_CHANNEL_OPEN_OK_METHOD);
    co_return wrong;
}

asio::awaitable<std::string> rabbitmq_link::prepare_publishing() {
    std::string wrong = co_await open_channel(publishing);
    if (!wrong.empty()) co_return wrong;
    amqp_confirm_select_t confirms{};
    say_method(publishing, AMQP_CONFIRM_SELECT_METHOD, &confirms);
    wrong = co_await expect(AMQP_CONFIRM_SELECT_OK_METHOD);
    co_return wrong;
}

asio::awaitable<std::string> rabbitmq_link::prepare_consuming() {
    std::string wrong = co_await open_channel(consuming);
    if (!wrong.empty()) co_return wrong;
    wrong = co_await declare(options_.queue_name, true);
    if (!wrong.empty()) co_return wrong;
    wrong = co_await declare(dead_name_, false);
    if (!wrong.empty()) co_return wrong;
    if (!options_.exchange.empty()) {
        amqp_exchange_declare_t exchange{};
        exchange.exchange = to_amqp(options_.exchange);
        exchange.type = to_amqp("fanout");
        exchange.passive = options_.declare == declaration::check;
        exchange.durable = 1;
        say_method(consuming, AMQP_EXCHANGE_DECLARE_METHOD, &exchange);
        wrong = co_await expect(AMQP_EXCHANGE_DECLARE_OK_METHOD);
        if (!wrong.empty()) co_return wrong;
        amqp_queue_bind_t bind{};
        bind.queue = to_amqp(options_.queue_name);
        bind.exchange = to_amqp(options_.exchange);
        say_method(consuming, AMQP_QUEUE_BIND_METHOD, &bind);
        wrong = co_await expect(AMQP_QUEUE_BIND_OK_METHOD);
        if (!wrong.empty()) co_return wrong;
    }
    amqp_basic_qos_t qos{};
    qos.prefetch_count = static_cast<std::uint16_t>(options_.prefetch);
    say_method(consuming, AMQP_BASIC_QOS_METHOD, &qos);
    wrong = co_await expect(AMQP_BASIC_QOS_OK_METHOD);
    co_return wrong;
}

asio::awaitable<std::string> rabbitmq_link::declare(const std::string& queue, bool with_limits) {
    amqp_queue_declare_t d{};
    d.queue = to_amqp(queue);
    d.passive = options_.declare == declaration::check;
    d.durable = 1;
    std::vector<amqp_table_entry_t> arguments;
    if (options_.quorum) arguments.push_back(entry("x-queue-type", "quorum"));
    const bool length = with_limits && limits_length(options_), bytes = with_limits && limits_bytes(options_);
    if (length) arguments.push_back(entry("x-max-length", options_.queue.length_max));
    if (bytes) arguments.push_back(entry("x-max-length-bytes", options_.queue.bytes_max));
    if (length || bytes) arguments.push_back(entry("x-overflow", "reject-publish"));
    d.arguments = {static_cast<int>(arguments.size()), arguments.data()};
    say_method(consuming, AMQP_QUEUE_DECLARE_METHOD, &d);
    std::string wrong = co_await expect(AMQP_QUEUE_DECLARE_OK_METHOD);
    co_return wrong;
}

/// Says what is there to be said and waits for this method; or what came in its place, in words.
asio::awaitable<std::string> rabbitmq_link::expect(amqp_method_number_t method) {
    flush();
    for (;;) {
        amqp_frame_t frame{};
        const auto status = reader_->next(unread_, frame);
        if (status == amqp_reader::status::wrong) co_return std::string("what it says is no AMQP");
        if (status == amqp_reader::status::more) {
            const bool more = co_await read_more();
            if (!more) co_return trouble_.empty() ? std::string("it closed the connection") : trouble_;
            continue;
        }
        if (frame.frame_type == 'A') co_return std::string("it speaks another AMQP than 0-9-1");
        if (frame.frame_type != AMQP_FRAME_METHOD) continue;
        const amqp_method_t& m = frame.payload.method;
        if (m.id == AMQP_CONNECTION_TUNE_METHOD) {
            const std::size_t offered = fields_of<amqp_connection_tune_t>(m).frame_max;
            if (offered != 0) frame_max_ = std::min(frame_max_, offered);
        }
        if (m.id == method) co_return std::string();
        if (m.id == AMQP_CONNECTION_CLOSE_METHOD || m.id == AMQP_CHANNEL_CLOSE_METHOD) co_return told_by_server(m);
    }
}

/// False: the connection has ended, and why is in trouble_.
asio::awaitable<bool> rabbitmq_link::read_more() {
    reader_->release();
    const std::size_t came = co_await socket_->read(read_buffer_);
    if (came == 0) {
        end(socket_->trouble());
        co_return false;
    }
    heard_ = steady::now();
    unread_ = {read_buffer_.data(), came};
    co_return true;
}

// ---- what comes

void rabbitmq_link::take_frames() {
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
    owner_.arrivals_over();
    flush();
}

bool rabbitmq_link::take(const amqp_frame_t& frame) {
    switch (frame.frame_type) {
        case AMQP_FRAME_METHOD: return take_method(frame.payload.method, frame.channel);
        case AMQP_FRAME_HEADER: take_properties(frame); return true;
        case AMQP_FRAME_BODY: take_body(from_amqp(frame.payload.body_fragment)); return true;
        default: return true;
    }
}

bool rabbitmq_link::take_method(const amqp_method_t& m, amqp_channel_t channel) {
    switch (m.id) {
        case AMQP_BASIC_DELIVER_METHOD: {
            const auto& f = fields_of<amqp_basic_deliver_t>(m);
            incoming_.emplace();
            incoming_->tag = f.delivery_tag;
            incoming_->redelivered = f.redelivered != 0;
            return true;
        }
        case AMQP_BASIC_RETURN_METHOD:
            incoming_.emplace();
            incoming_->returned = true;
            return true;
        case AMQP_BASIC_ACK_METHOD: {
            const auto& f = fields_of<amqp_basic_ack_t>(m);
            confirm(f.delivery_tag, f.multiple != 0, true);
            return true;
        }
        case AMQP_BASIC_NACK_METHOD: {
            const auto& f = fields_of<amqp_basic_nack_t>(m);
            confirm(f.delivery_tag, f.multiple != 0, false);
            return true;
        }
        case AMQP_QUEUE_DECLARE_OK_METHOD:
            if (levels_ == 0) return true;
            if (--levels_ != 0) ask_count();
            else owner_.levelled(fields_of<amqp_queue_declare_ok_t>(m).message_count);
            return true;
        case AMQP_CONNECTION_BLOCKED_METHOD:
            blocked_ = true;
            spdlog::warn("queue {}: the broker takes no messages now: {}; they are answered busy", options_.name,
                         escaped(from_amqp(fields_of<amqp_connection_blocked_t>(m).reason)));
            return true;
        case AMQP_CONNECTION_UNBLOCKED_METHOD:
            blocked_ = false;
            spdlog::info("queue {}: the broker takes messages again", options_.name);
            return true;
        case AMQP_BASIC_CANCEL_METHOD: return end("the broker has ended the subscription: is the queue deleted?");
        case AMQP_CHANNEL_CLOSE_METHOD:
            // Of what was published something was wrong: sent again it would be wrong again.
            if (channel == publishing) fail_all(errc::broker_refused);
            return end(told_by_server(m));
        case AMQP_CONNECTION_CLOSE_METHOD: return end(told_by_server(m));
        default: return true;
    }
}

std::string rabbitmq_link::told_by_server(const amqp_method_t& m) const {
    if (m.id == AMQP_CHANNEL_CLOSE_METHOD) {
        const auto& f = fields_of<amqp_channel_close_t>(m);
        return fmt::format("{} {}", f.reply_code, from_amqp(f.reply_text));
    }
    const auto& f = fields_of<amqp_connection_close_t>(m);
    return fmt::format("{} {}", f.reply_code, from_amqp(f.reply_text));
}

/// The connection is over; false, always.
bool rabbitmq_link::end(std::string reason) {
    if (trouble_.empty()) trouble_ = std::move(reason);
    return false;
}

void rabbitmq_link::take_properties(const amqp_frame_t& frame) {
    if (!incoming_) return;
    const auto& p = *static_cast<const amqp_basic_properties_t*>(frame.payload.properties.decoded);
    incoming_->begun = true;
    incoming_->missing = frame.payload.properties.body_size;
    if (incoming_->returned) {
        incoming_->serial = serial_of(p);
    } else {
        incoming_->what = to_arrival(p, incoming_->redelivered, incoming_->tag);
        incoming_->what.message.body.reserve(std::min<std::uint64_t>(incoming_->missing, body_max));
    }
    if (incoming_->missing == 0) content_over();
}

void rabbitmq_link::take_body(std::string_view piece) {
    if (!incoming_ || !incoming_->begun) return;
    if (!incoming_->returned) incoming_->what.message.body.append(piece);
    incoming_->missing -= std::min<std::uint64_t>(incoming_->missing, piece.size());
    if (incoming_->missing == 0) content_over();
}

void rabbitmq_link::content_over() {
    if (!incoming_->returned) {
        owner_.arrived(std::move(incoming_->what));
    } else {
        const auto is_it = [this](const unconfirmed& u) { return u.serial == incoming_->serial; };
        const auto at = std::find_if(unconfirmed_.begin(), unconfirmed_.end(), is_it);
        if (at != unconfirmed_.end()) at->returned = true;  // its confirm follows
    }
    incoming_.reset();
}

// ---- what goes

void rabbitmq_link::publish(publication& p, lane to, std::string_view reason) {
    unconfirmed u{&p, to, std::string(reason), ++serials_, steady::now()};
    if (blocked_ || p.message.body.size() > body_max) {
        tell(u, failure{blocked_ ? errc::busy : errc::message_too_large, effect::not_done, {}});
        return;
    }
    unconfirmed_.push_back(std::move(u));
    send(unconfirmed_.back());
}

void rabbitmq_link::send(unconfirmed& u) {
    out_.append(publish_method_[static_cast<std::size_t>(u.to)]);
    const death died{options_.name, u.reason};
    const auto& properties = properties_.make(u.who->message, u.serial, u.to == lane::dead ? &died : nullptr);
    append_content(out_, publishing, properties, u.who->message.body, frame_max_);
}

/// What was not confirmed may be there or not: a consumer of ours knows it by its serial.
void rabbitmq_link::publish_again() {
    std::erase_if(unconfirmed_, [](const unconfirmed& u) { return u.told; });
    first_tag_ = 1;
    for (unconfirmed& u : unconfirmed_) {
        u.returned = false;
        send(u);
    }
}

void rabbitmq_link::confirm(std::uint64_t tag, bool multiple, bool taken) {
    if (tag < first_tag_ || tag >= first_tag_ + unconfirmed_.size()) return;
    const auto last = static_cast<std::size_t>(tag - first_tag_);
    for (std::size_t i = multiple ? 0 : last; i <= last; ++i) {
        unconfirmed& u = unconfirmed_[i];
        if (u.told) continue;
        u.told = true;
        std::optional<failure> why;
        if (!taken) why = failure{refusal(), effect::not_done, {}};
        else if (u.returned) why = failure{errc::unroutable, effect::not_done, {}};
        tell(u, why);
    }
    tell_first();
}

/// Why it took no message: where it was told limits, it is they.
errc rabbitmq_link::refusal() const noexcept {
    if (options_.declare == declaration::check) return errc::broker_refused;
    if (limits_length(options_)) return errc::queue_full;
    return limits_bytes(options_) ? errc::queue_bytes_full : errc::broker_refused;
}

void rabbitmq_link::tell_first() {
    while (!unconfirmed_.empty() && unconfirmed_.front().told) {
        unconfirmed_.pop_front();
        ++first_tag_;
    }
}

void rabbitmq_link::tell(unconfirmed& u, std::optional<failure> why) {
    u.who->outcome = why ? publication::outcome::failed : publication::outcome::confirmed;
    if (why) u.who->why = *why;
    owner_.published(*u.who);
}

void rabbitmq_link::fail_all(errc why) {
    for (unconfirmed& u : unconfirmed_) {
        if (!u.told) tell(u, failure{why, effect::maybe_done, {}});
        u.told = true;
    }
    tell_first();
}

void rabbitmq_link::acknowledge(broker_tag tag) { acks_.settled(tag); }

void rabbitmq_link::consume() {
    if (wanted_) return;
    wanted_ = true;
    if (connected_) subscribe();
}

void rabbitmq_link::subscribe() {
    amqp_basic_consume_t consume{};
    consume.queue = to_amqp(options_.queue_name);
    say_method(consuming, AMQP_BASIC_CONSUME_METHOD, &consume);
}

/// Asks how many are ready, twice: what was under way when it was asked the first time has come before the second
/// answer.
void rabbitmq_link::level() {
    levels_ = level_rounds;
    ask_count();
}

void rabbitmq_link::ask_count() {
    amqp_queue_declare_t d{};
    d.queue = to_amqp(options_.queue_name);
    d.passive = 1;
    say_method(consuming, AMQP_QUEUE_DECLARE_METHOD, &d);
}

void rabbitmq_link::say_method(std::uint16_t channel, amqp_method_number_t method, const void* fields) {
    append_method(out_, channel, method, fields);
}

void rabbitmq_link::flush() {
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
