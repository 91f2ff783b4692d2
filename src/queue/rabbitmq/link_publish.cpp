// Messages on their way to the broker, until they are confirmed.
#include "queue/rabbitmq/link.hpp"

#include <freshet/error.hpp>
#include <freshet/time.hpp>

#include "base/whole_number.hpp"
#include "queue/operations.hpp"

#include <spdlog/spdlog.h>

#include <cstddef>
#include <optional>
#include <string_view>

namespace freshet {

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

void rabbitmq_link::publish(publication& p, lane to, std::string_view reason) {
    if (lent_at_ == steady::time_point{}) lent_at_ = steady::now();
    ++serials_;
    if (state_.now() == rabbitmq_state::blocked)
        return tell_published(owner_, p, failure{errc::busy, effect::not_done, {}});
    if (!send(p, to, reason, serials_))
        return tell_published(owner_, p, failure{errc::message_too_large, effect::not_done, {}});
    unconfirmed_.add(p, to, reason, serials_, lent_at_);
}

/// False: the broker would take neither so large a body nor headers that do not fit into a frame.
bool rabbitmq_link::send(const publication& p, lane to, std::string_view reason, std::uint64_t serial) {
    if (p.message.body.size() > body_max_) return false;
    const std::size_t before = out_.size();
    out_.append(publish_method_[static_cast<std::size_t>(to)]);
    const death died{options_.name, reason, wall::now()};
    const auto& properties = properties_.make(p.message, serial, to == lane::dead ? &died : nullptr);
    if (append_content(out_, publishing_.number(), properties, p.message.body, frame_max_)) return true;
    out_.resize(before);
    return false;
}

/// What was not confirmed may be there or not: a consumer of ours knows it by its serial.
void rabbitmq_link::publish_again() {
    unconfirmed_.send_again(
        [this](const rabbitmq_unconfirmed::record& r) { return send(*r.who, r.to, r.reason, r.serial); });
}

/// Opens the channel; what is published from now on goes there.
void rabbitmq_link::publish_on(std::uint16_t channel) {
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
    open_channel(channel);
    amqp_confirm_select_t confirms{};
    say_method(channel, AMQP_CONFIRM_SELECT_METHOD, &confirms);
}

void rabbitmq_link::refused(std::uint64_t tag, bool multiple) {
    unconfirmed_.confirm(tag, multiple, refusal());
    const auto move = publishing_.refused(steady::now());
    if (!move) return;
    if (move->first && refusal() == errc::broker_refused)
        spdlog::warn("queue {}: the broker refuses what is published; trying on another channel", options_.name);
    amqp_channel_close_t close{};
    close.reply_code = 200;
    close.reply_text = to_amqp("refused");
    say_method(move->from, AMQP_CHANNEL_CLOSE_METHOD, &close);
    publish_on(move->to);
    publish_again();
}

/// The broker has closed the channel. Where it says that a message was larger than it takes, that one is refused and
/// the others are sent again; anything else would be wrong again.
bool rabbitmq_link::publishing_closed(const amqp_method_t& close) {
    const auto limit = size_limit_in(from_amqp(fields_of<amqp_channel_close_t>(close).reply_text));
    if (!limit || *limit >= body_max_ || !publishing_.replace()) {
        unconfirmed_.fail_all(errc::broker_refused);
        return end(told_by_server(close));
    }
    body_max_ = *limit;
    spdlog::warn("queue {}: the broker takes messages of up to {} bytes; larger ones are refused here", options_.name,
                 body_max_);
    return true;
}

/// Why it took no message: where it was told limits, it is they.
errc rabbitmq_link::refusal() const noexcept {
    if (options_.declare == declaration::check) return errc::broker_refused;
    if (limits_length()) return errc::queue_full;
    return limits_bytes() ? errc::queue_bytes_full : errc::broker_refused;
}

}  // namespace freshet
