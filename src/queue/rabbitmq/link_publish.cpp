// Messages on their way to the broker, until they are confirmed.
#include "queue/rabbitmq/link.hpp"

#include <freshet/error.hpp>
#include <freshet/time.hpp>

#include "queue/operations.hpp"

#include <spdlog/spdlog.h>

#include <optional>

namespace freshet {

void rabbitmq_link::publish(publication& p, lane to, std::string_view reason) {
    if (lent_at_ == steady::time_point{}) lent_at_ = steady::now();
    ++serials_;
    const bool blocked = state_.now() == rabbitmq_state::blocked;
    if (blocked || p.message.body.size() > body_max) {
        const errc why = blocked ? errc::busy : errc::message_too_large;
        return tell_published(owner_, p, failure{why, effect::not_done, {}});
    }
    send(unconfirmed_.add(p, to, reason, serials_, lent_at_));
}

void rabbitmq_link::send(const rabbitmq_unconfirmed::record& r) {
    out_.append(publish_method_[static_cast<std::size_t>(r.to)]);
    const death died{options_.name, r.reason};
    const auto& properties = properties_.make(r.who->message, r.serial, r.to == lane::dead ? &died : nullptr);
    append_content(out_, publishing_.number(), properties, r.who->message.body, frame_max_);
}

/// What was not confirmed may be there or not: a consumer of ours knows it by its serial.
void rabbitmq_link::publish_again() {
    for (const auto& record : unconfirmed_.begin_again()) send(record);
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

/// Why it took no message: where it was told limits, it is they.
errc rabbitmq_link::refusal() const noexcept {
    if (options_.declare == declaration::check) return errc::broker_refused;
    if (limits_length()) return errc::queue_full;
    return limits_bytes() ? errc::queue_bytes_full : errc::broker_refused;
}

}  // namespace freshet
