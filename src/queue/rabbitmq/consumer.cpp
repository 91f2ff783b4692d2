#include "queue/rabbitmq/consumer.hpp"

#include "base/escape.hpp"
#include "queue/rabbitmq/wire/message.hpp"
#include "queue/subscription_record.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace freshet {

namespace {

constexpr std::uint64_t reserved_max = std::uint64_t{16} << 20;  ///< for a body that was only announced yet

std::string with_hint(std::string reason, const rabbitmq_options& o) {
    if (reason.find("NOT_FOUND") != reason.npos && o.declare == declaration::check)
        reason += "; declare = \"create\" makes it";
    return reason;
}

}  // namespace

rabbitmq_consumer::rabbitmq_consumer(shard& back, const rabbitmq_options& options, link_owner& owner,
                                     std::function<void()> changed)
    : options_(options),
      owner_(owner),
      changed_(std::move(changed)),
      dead_name_(options.queue_name + ".dead"),
      connection_(back, options, *this, {}) {}

// ---- its connection

const rabbitmq_server* rabbitmq_consumer::next_server() {
    return &options_.servers[tried_++ % options_.servers.size()];
}

void rabbitmq_consumer::ready(const rabbitmq_server& server) {
    if (!last_trouble_.empty()) spdlog::info("queue {}: {}:{} answers again", options_.name, server.host, server.port);
    last_trouble_.clear();
    server_ = &server;
    was_there_ = true;
    happened(consumer_event::ready);
    if (has_lost_history()) owner_.history_lost();
    owner_.connected();
    changed_();
}

void rabbitmq_consumer::lost(const std::string& reason, const rabbitmq_server& server, bool was_ready) {
    const std::string words = with_hint(reason, options_);
    if (words != last_trouble_)
        spdlog::warn("queue {}: {}:{}: {}; connecting again", options_.name, server.host, server.port, escaped(words));
    last_trouble_ = words;
    server_ = nullptr;
    was_there_ = was_there_ && was_ready;
    if (options_.subscription != nullptr) options_.subscription->cut_off();
    happened(consumer_event::lost);
    if (was_ready) {
        owner_.revoked();
        owner_.disconnected();
    }
    changed_();
}

bool rabbitmq_consumer::has_lost_history() const noexcept {
    return options_.subscription != nullptr && options_.subscription->is() == subscription_record::state::lost;
}

/// It is told again with the next connection where that cannot be written, or is not there: the queue may be gone
/// again.
void rabbitmq_consumer::history_made_up() {
    if (!has_lost_history() || !is_ready()) return;
    const std::string wrong = options_.subscription->write(subscription_record::state::known);
    if (!wrong.empty()) spdlog::error("queue {}: {}", options_.name, wrong);
}

// ---- what is said

void rabbitmq_consumer::consume(std::size_t more) {
    subscriptions_.want(more);
    happened(consumer_event::wanted);
}

void rabbitmq_consumer::pause() {
    subscriptions_.want_none();
    happened(consumer_event::enough);
}

void rabbitmq_consumer::rest() {
    subscriptions_.want_none();
    happened(consumer_event::unwanted);
}

void rabbitmq_consumer::acknowledge(delivery_tag tag) {
    subscriptions_.over(tag);
    acks_.settled(tag);
}

void rabbitmq_consumer::give_back(delivery_tag tag) {
    subscriptions_.over(tag);
    acks_.returned(tag);
    amqp_basic_reject_t reject{};
    reject.delivery_tag = tag;
    reject.requeue = 1;
    connection_.say(channel, AMQP_BASIC_REJECT_METHOD, &reject);
}

void rabbitmq_consumer::carry_out(const consumer_actions& todo) {
    if (todo.unsubscribe) unsubscribe();
    if (todo.subscribe) subscribe();
    if (todo.recover) recover();
    if (todo.give_back) give_all_back();
    if (todo.hand_over) owner_.arrived(std::move(incoming_->what));
    if (todo.ask) ask();
}

void rabbitmq_consumer::subscribe() {
    amqp_basic_qos_t qos{};
    qos.prefetch_count = static_cast<std::uint16_t>(subscriptions_.unsaid());
    connection_.say(channel, AMQP_BASIC_QOS_METHOD, &qos);
    amqp_basic_consume_t consume{};
    consume.queue = to_amqp(options_.queue_name);
    consume.consumer_tag = to_amqp(subscriptions_.begin());
    connection_.say(channel, AMQP_BASIC_CONSUME_METHOD, &consume);
}

void rabbitmq_consumer::unsubscribe() {
    acks_.say(connection_.out());
    for (const std::string& name : subscriptions_.names()) {
        amqp_basic_cancel_t cancel{};
        cancel.consumer_tag = to_amqp(name);
        connection_.say(channel, AMQP_BASIC_CANCEL_METHOD, &cancel);
    }
    subscriptions_.retire();
}

void rabbitmq_consumer::give_all_back() {
    acks_.give_back(last_tag_);
    subscriptions_.given_back();
}

void rabbitmq_consumer::recover() {
    amqp_basic_recover_t recover{};
    recover.requeue = 1;
    connection_.say(channel, AMQP_BASIC_RECOVER_METHOD, &recover);
}

/// By declaring the queue passively.
void rabbitmq_consumer::ask() {
    amqp_queue_declare_t d{};
    d.queue = to_amqp(options_.queue_name);
    d.passive = 1;
    connection_.say(channel, AMQP_QUEUE_DECLARE_METHOD, &d);
}

// ---- what comes

bool rabbitmq_consumer::take_method(const amqp_method_t& m, amqp_channel_t) {
    switch (m.id) {
        case AMQP_BASIC_DELIVER_METHOD: {
            const auto& f = fields_of<amqp_basic_deliver_t>(m);
            incoming_.emplace();
            incoming_->tag = last_tag_ = f.delivery_tag;
            subscriptions_.delivered(from_amqp(f.consumer_tag), f.delivery_tag);
            incoming_->redelivered = f.redelivered != 0;
            return true;
        }
        case AMQP_QUEUE_DECLARE_OK_METHOD: answered(fields_of<amqp_queue_declare_ok_t>(m)); return true;
        case AMQP_BASIC_RECOVER_OK_METHOD: happened(consumer_event::recovered); return true;
        case AMQP_BASIC_CANCEL_OK_METHOD:
            if (subscriptions_.ended()) happened(consumer_event::cancelled);
            return true;
        case AMQP_BASIC_CANCEL_METHOD:
            return connection_.end("the broker has ended the subscription, as it does when the queue is deleted");
        case AMQP_CHANNEL_CLOSE_METHOD: return connection_.end(told_by_server(m));
        default: return true;
    }
}

void rabbitmq_consumer::answered(const amqp_queue_declare_ok_t& answer) {
    const consumer_actions todo = state_.take(consumer_event::answered);
    carry_out(todo);
    if (todo.tell_levelled) owner_.levelled(answer.message_count);
    if (todo.look_for_others && answer.consumer_count > subscriptions_.names().size()) owner_.others_wait();
}

void rabbitmq_consumer::take_properties(const amqp_frame_t& frame) {
    if (!incoming_) return;
    const auto& p = *static_cast<const amqp_basic_properties_t*>(frame.payload.properties.decoded);
    const std::string_view raw = from_amqp(frame.payload.properties.raw);
    incoming_->begun = true;
    incoming_->missing = frame.payload.properties.body_size;
    incoming_->what = to_arrival(p, raw, incoming_->redelivered, incoming_->tag);
    incoming_->what.message.body.reserve(std::min<std::uint64_t>(incoming_->missing, reserved_max));
    if (incoming_->missing == 0) content_over();
}

void rabbitmq_consumer::take_body(std::string_view piece) {
    if (!incoming_ || !incoming_->begun) return;
    incoming_->what.message.body.append(piece);
    incoming_->missing -= std::min<std::uint64_t>(incoming_->missing, piece.size());
    if (incoming_->missing == 0) content_over();
}

void rabbitmq_consumer::content_over() {
    happened(consumer_event::delivered);
    incoming_.reset();
}

}  // namespace freshet
