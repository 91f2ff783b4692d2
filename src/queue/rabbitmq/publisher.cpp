#include "queue/rabbitmq/publisher.hpp"

#include "base/escape.hpp"
#include "base/whole_number.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <optional>
#include <random>
#include <utility>

namespace freshet {

namespace asio = boost::asio;

namespace {

/// "PRECONDITION_FAILED - message size 20 is larger than configured max size 10": 10.
std::optional<std::size_t> size_limit_in(std::string_view said) {
    constexpr std::string_view before = "max size ";
    const auto at = said.find(before);
    if (said.find("message size ") == said.npos || at == said.npos) return std::nullopt;
    said.remove_prefix(at + before.size());
    return whole_number<std::size_t>(said.substr(0, said.find_first_not_of("0123456789")));
}

}  // namespace

rabbitmq_publisher::rabbitmq_publisher(shard& back, const rabbitmq_options& options, link_owner& owner,
                                       std::function<const rabbitmq_server*()> server, std::function<void()> changed)
    : options_(options),
      owner_(owner),
      server_(std::move(server)),
      changed_(std::move(changed)),
      dead_name_(options.queue_name + ".dead"),
      connection_(back, options, *this, "publishes"),
      properties_("freshet/" + options.name, options.user),
      // of a fanout one queue may refuse what others have taken
      unconfirmed_(owner, options.exchange.empty() ? effect::not_done : effect::maybe_done),
      serials_(std::uint64_t{std::random_device{}()} << 31) {}

void rabbitmq_publisher::stop() {
    connection_.stop();
    unconfirmed_.fail_all(errc::stopping);
}

// ---- its connection

asio::awaitable<std::string> rabbitmq_publisher::prepare() {
    body_max_ = body_max_default;
    returned_on_ = 0;
    publishing_.begin_again();
    publish_on(publishing_.number());
    std::string wrong = co_await connection_.expect(AMQP_CHANNEL_OPEN_OK_METHOD);
    if (!wrong.empty()) co_return wrong;
    wrong = co_await connection_.expect(AMQP_CONFIRM_SELECT_OK_METHOD);
    co_return wrong;
}

void rabbitmq_publisher::ready(const rabbitmq_server&) {
    if (!unproven_) takes_again();
    publish_again();
    changed_();
}

void rabbitmq_publisher::takes_again() {
    unproven_ = false;
    if (std::exchange(last_trouble_, {}).empty()) return;
    spdlog::info("queue {}: its broker takes messages again", options_.name);
}

/// While nothing can be received from there either, the consumer says why.
void rabbitmq_publisher::lost(const std::string& reason, const rabbitmq_server& server, bool) {
    blocked_ = false;
    if (server_() != nullptr && reason != last_trouble_) {
        spdlog::warn("queue {}: {}:{}, where it publishes: {}; connecting again", options_.name, server.host,
                     server.port, escaped(reason));
        last_trouble_ = reason;
    }
    changed_();
}

/// Opens the channel; what is published from now on goes there.
void rabbitmq_publisher::publish_on(std::uint16_t channel) {
    const auto prepare = [&](lane to, const std::string& exchange, const std::string& queue) {
        amqp_basic_publish_t p{};
        p.exchange = to_amqp(exchange);
        p.routing_key = to_amqp(queue);
        p.mandatory = 1;
        std::string& method = publish_method_[static_cast<std::size_t>(to)];
        method.clear();
        append_method(method, channel, AMQP_BASIC_PUBLISH_METHOD, &p);
    };
    prepare(lane::work, options_.exchange, options_.queue_name);
    prepare(lane::dead, {}, dead_name_);
    connection_.open_channel(channel);
    amqp_confirm_select_t confirms{};
    connection_.say(channel, AMQP_CONFIRM_SELECT_METHOD, &confirms);
}

// ---- messages on their way

void rabbitmq_publisher::publish(publication& p, lane to, std::string_view reason) {
    if (blocked_) return tell_published(owner_, p, failure{errc::busy, effect::not_done, {}});
    if (lent_at_ == steady::time_point{}) lent_at_ = steady::now();
    unconfirmed_.add(p, to, reason, ++serials_, lent_at_);
    if (send(unconfirmed_.newest())) return;
    unconfirmed_.drop_newest();
    tell_published(owner_, p, failure{errc::message_too_large, effect::not_done, {}});
}

/// False: the broker would take neither so large a body nor headers that do not fit into a frame.
bool rabbitmq_publisher::send(const rabbitmq_unconfirmed::record& r) {
    const message& m = r.who->message;
    if (m.body.size() > body_max_) return false;
    std::string& out = connection_.out();
    const std::size_t before = out.size();
    out.append(publish_method_[static_cast<std::size_t>(r.to)]);
    const death died{options_.name, r.reason, wall::now()};
    const auto& properties = properties_.make(m, r.serial, r.sendings, r.to == lane::dead ? &died : nullptr);
    if (append_content(out, publishing_.number(), properties, m.body, connection_.frame_max())) return true;
    out.resize(before);
    return false;
}

void rabbitmq_publisher::flush() {
    lent_at_ = {};
    connection_.flush();
}

/// What was not confirmed may be there or not: a consumer of ours knows it by its serial.
void rabbitmq_publisher::publish_again() {
    unconfirmed_.send_again([this](const rabbitmq_unconfirmed::record& r) { return send(r); });
}

/// A connection on which no confirms come is of no use; while the broker takes no messages, none other would be.
void rabbitmq_publisher::look_around(steady::time_point now) {
    const bool late = unconfirmed_.time_out(now - options_.publish_timeout);
    owner_.arrivals_over();
    if (late && connection_.is_open() && !blocked_)
        connection_.fail(
            fmt::format("it has not confirmed for {} ms what was published", options_.publish_timeout.count()));
}

// ---- what the broker says

bool rabbitmq_publisher::take_method(const amqp_method_t& m, amqp_channel_t channel) {
    switch (m.id) {
        case AMQP_BASIC_RETURN_METHOD: returned_on_ = channel; return true;
        case AMQP_BASIC_ACK_METHOD: {
            const auto& f = fields_of<amqp_basic_ack_t>(m);
            if (channel != publishing_.number()) return true;
            unconfirmed_.confirm(f.delivery_tag, f.multiple != 0, std::nullopt);
            if (unproven_) takes_again();
            return true;
        }
        case AMQP_BASIC_NACK_METHOD: {
            const auto& f = fields_of<amqp_basic_nack_t>(m);
            if (channel == publishing_.number()) refused(f.delivery_tag, f.multiple != 0);
            return true;
        }
        case AMQP_CHANNEL_CLOSE_OK_METHOD: publishing_.closed(); return true;
        case AMQP_CONNECTION_BLOCKED_METHOD:
            blocked_ = true;
            spdlog::warn("queue {}: the broker takes no messages now: {}; they are answered busy", options_.name,
                         escaped(from_amqp(fields_of<amqp_connection_blocked_t>(m).reason)));
            return true;
        case AMQP_CONNECTION_UNBLOCKED_METHOD:
            blocked_ = false;
            spdlog::info("queue {}: the broker takes messages again", options_.name);
            return true;
        case AMQP_CHANNEL_CLOSE_METHOD: {
            if (channel != publishing_.number()) return connection_.end(told_by_server(m));
            if (!channel_closed(m)) return false;
            amqp_channel_close_ok_t closed{};
            connection_.say(channel, AMQP_CHANNEL_CLOSE_OK_METHOD, &closed);
            publish_on(publishing_.number());
            publish_again();
            return true;
        }
        default: return true;
    }
}

/// Of what is returned: the body says nothing that its serial does not.
void rabbitmq_publisher::take_properties(const amqp_frame_t& frame) {
    const std::uint16_t channel = std::exchange(returned_on_, std::uint16_t{0});
    if (channel != publishing_.number()) return;
    unconfirmed_.returned(serial_of(*static_cast<const amqp_basic_properties_t*>(frame.payload.properties.decoded)));
}

void rabbitmq_publisher::refused(std::uint64_t tag, bool multiple) {
    unconfirmed_.confirm(tag, multiple, refusal());
    const auto move = publishing_.refused(steady::now());
    if (!move) return;
    if (move->first && refusal() == errc::broker_refused)
        spdlog::warn("queue {}: the broker refuses what is published; trying on another channel", options_.name);
    amqp_channel_close_t close{};
    close.reply_code = 200;
    close.reply_text = to_amqp("refused");
    connection_.say(move->from, AMQP_CHANNEL_CLOSE_METHOD, &close);
    publish_on(move->to);
    publish_again();
}

/// The broker has closed the channel. Where it says that a message was larger than it takes, that one is refused and
/// the others are sent again; anything else would be wrong again.
bool rabbitmq_publisher::channel_closed(const amqp_method_t& close) {
    const auto limit = size_limit_in(from_amqp(fields_of<amqp_channel_close_t>(close).reply_text));
    if (!limit || *limit >= body_max_ || !publishing_.replace()) {
        unconfirmed_.fail_all(errc::broker_refused);
        unproven_ = true;
        return connection_.end(told_by_server(close));
    }
    body_max_ = *limit;
    spdlog::warn("queue {}: the broker takes messages of up to {} bytes; larger ones are refused here", options_.name,
                 body_max_);
    return true;
}

/// Why it took no message: where it was told limits, it is they.
errc rabbitmq_publisher::refusal() const noexcept {
    if (options_.declare == declaration::check) return errc::broker_refused;
    if (options_.queue.length_max != queue_options{}.length_max) return errc::queue_full;
    return options_.queue.bytes_max != queue_options{}.bytes_max ? errc::queue_bytes_full : errc::broker_refused;
}

}  // namespace freshet
