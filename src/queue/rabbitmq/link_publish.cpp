// Messages on their way to the broker, until they are confirmed.
#include "queue/rabbitmq/link.hpp"

#include <freshet/error.hpp>
#include <freshet/time.hpp>

#include "config/broker_options.hpp"
#include "queue/operations.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace freshet {

namespace {
constexpr seconds channel_pause{1};  ///< between one channel that refuses and the next
}

void rabbitmq_link::publish(publication& p, lane to, std::string_view reason) {
    if (lent_at_ == steady::time_point{}) lent_at_ = steady::now();
    unconfirmed u{&p, to, std::string(reason), ++serials_, lent_at_};
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
    append_content(out_, publishing_, properties, u.who->message.body, frame_max_);
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
    if (!taken) publish_elsewhere();
}

/// Opens the channel; what is published from now on goes there.
void rabbitmq_link::publish_on(std::uint16_t channel) {
    publishing_ = channel;
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

/// A channel that was opened while a quorum queue had no leader refuses all that it is given, also once there is one; a
/// new one asks again who leads. What a full queue refuses, it refuses there, too.
void rabbitmq_link::publish_elsewhere() {
    const auto now = steady::now();
    if (closing_ != 0 || now < next_channel_) return;
    next_channel_ = now + channel_pause;
    if (!std::exchange(refused_, true) && refusal() == errc::broker_refused)
        spdlog::warn("queue {}: the broker refuses what is published; trying on another channel", options_.name);
    closing_ = publishing_;
    amqp_channel_close_t close{};
    close.reply_code = 200;
    close.reply_text = to_amqp("refused");
    say_method(closing_, AMQP_CHANNEL_CLOSE_METHOD, &close);
    publish_on(publishing_ == publishing[0] ? publishing[1] : publishing[0]);
    publish_again();
}

/// Why it took no message: where it was told limits, it is they.
errc rabbitmq_link::refusal() const noexcept {
    if (options_.declare == declaration::check) return errc::broker_refused;
    if (limits_length()) return errc::queue_full;
    return limits_bytes() ? errc::queue_bytes_full : errc::broker_refused;
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

}  // namespace freshet
