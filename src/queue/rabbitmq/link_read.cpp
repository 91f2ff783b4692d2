// What comes over a connection that can be used.
#include "queue/rabbitmq/link.hpp"

#include <freshet/error.hpp>

#include "base/escape.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace freshet {

namespace {
constexpr std::uint64_t reserved_max = std::uint64_t{16} << 20;  ///< for a body that was only announced yet
}

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
            incoming_->tag = last_tag_ = f.delivery_tag;
            incoming_->redelivered = f.redelivered != 0;
            return true;
        }
        case AMQP_BASIC_RETURN_METHOD:
            incoming_.emplace();
            incoming_->returned = true;
            incoming_->channel = channel;
            return true;
        case AMQP_BASIC_ACK_METHOD: {
            const auto& f = fields_of<amqp_basic_ack_t>(m);
            if (channel == publishing_.number()) unconfirmed_.confirm(f.delivery_tag, f.multiple != 0, std::nullopt);
            return true;
        }
        case AMQP_BASIC_NACK_METHOD: {
            const auto& f = fields_of<amqp_basic_nack_t>(m);
            if (channel == publishing_.number()) refused(f.delivery_tag, f.multiple != 0);
            return true;
        }
        case AMQP_CHANNEL_CLOSE_OK_METHOD: publishing_.closed(); return true;
        case AMQP_QUEUE_DECLARE_OK_METHOD: answered(fields_of<amqp_queue_declare_ok_t>(m)); return true;
        case AMQP_CONNECTION_BLOCKED_METHOD:
            happened(rabbitmq_event::alarm);
            spdlog::warn("queue {}: the broker takes no messages now: {}; they are answered busy", options_.name,
                         escaped(from_amqp(fields_of<amqp_connection_blocked_t>(m).reason)));
            return true;
        case AMQP_CONNECTION_UNBLOCKED_METHOD:
            happened(rabbitmq_event::all_clear);
            spdlog::info("queue {}: the broker takes messages again", options_.name);
            return true;
        case AMQP_BASIC_RECOVER_OK_METHOD: happened(rabbitmq_event::recovered); return true;
        case AMQP_BASIC_CANCEL_METHOD: return end("the broker has ended the subscription: is the queue deleted?");
        case AMQP_CHANNEL_CLOSE_METHOD: {
            if (channel != publishing_.number()) return end(told_by_server(m));
            if (!publishing_closed(m)) return false;
            amqp_channel_close_ok_t closed{};
            say_method(channel, AMQP_CHANNEL_CLOSE_OK_METHOD, &closed);
            publish_on(publishing_.number());
            publish_again();
            return true;
        }
        case AMQP_CONNECTION_CLOSE_METHOD: return end(told_by_server(m));
        default: return true;
    }
}

void rabbitmq_link::answered(const amqp_queue_declare_ok_t& answer) {
    const rabbitmq_actions todo = state_.take(rabbitmq_event::answered);
    carry_out(todo);
    if (todo.tell_levelled) owner_.levelled(answer.message_count);
    if (todo.look_for_others && answer.consumer_count > 1) owner_.others_wait();
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
    happened(rabbitmq_event::broken);
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
        const std::string_view raw = from_amqp(frame.payload.properties.raw);
        incoming_->what = to_arrival(p, raw, incoming_->redelivered, incoming_->tag);
        incoming_->what.message.body.reserve(std::min<std::uint64_t>(incoming_->missing, reserved_max));
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
    if (!incoming_->returned) happened(rabbitmq_event::delivered);
    else if (incoming_->channel == publishing_.number()) unconfirmed_.returned(incoming_->serial);
    incoming_.reset();
}

}  // namespace freshet
