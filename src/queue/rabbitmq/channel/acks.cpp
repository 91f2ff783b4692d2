#include "queue/rabbitmq/channel/acks.hpp"

#include "queue/rabbitmq/wire/amqp_wire.hpp"

namespace freshet {

namespace {

void append_ack(std::string& to, std::uint16_t channel, delivery_tag tag, bool multiple) {
    amqp_basic_ack_t ack{};
    ack.delivery_tag = tag;
    ack.multiple = multiple ? 1 : 0;
    append_method(to, channel, AMQP_BASIC_ACK_METHOD, &ack);
}

}  // namespace

/// False: it is no longer open.
bool rabbitmq_acks::becomes(delivery_tag tag, state s) {
    if (tag < first_) return false;
    if (tag - first_ >= states_.size()) states_.resize(tag - first_ + 1, state::open);
    if (at(tag) != state::open) return false;
    at(tag) = s;
    return true;
}

void rabbitmq_acks::settled(delivery_tag tag) {
    if (becomes(tag, state::settled)) unsaid_.push_back(tag);
}

void rabbitmq_acks::returned(delivery_tag tag) { becomes(tag, state::said); }

void rabbitmq_acks::say(std::string& to) {
    if (unsaid_.empty()) return;
    delivery_tag last = 0;  // below it all is settled; it must be one that the broker still waits for
    for (; !states_.empty() && states_.front() != state::open; ++first_) {
        if (states_.front() == state::settled) last = first_;
        states_.pop_front();
    }
    if (last != 0) append_ack(to, channel_, last, true);
    for (const delivery_tag tag : unsaid_) {
        if (tag < first_) continue;
        append_ack(to, channel_, tag, false);
        at(tag) = state::said;
    }
    unsaid_.clear();
}

void rabbitmq_acks::give_back(delivery_tag last) {
    states_.clear();
    unsaid_.clear();
    first_ = last + 1;
}

}  // namespace freshet
