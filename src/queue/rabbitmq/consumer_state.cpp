#include "queue/rabbitmq/consumer_state.hpp"

#include <utility>

namespace freshet {

namespace {
/// Asked twice: what was under way when it was asked the first time has come before the second answer.
constexpr unsigned level_rounds = 2;
}  // namespace

consumer_actions rabbitmq_consumer_state::take(consumer_event e) {
    switch (e) {
        case consumer_event::ready: return ready();
        case consumer_event::lost: return lost();
        case consumer_event::wanted: return wanted();
        case consumer_event::unwanted: return unwanted();
        case consumer_event::delivered: return delivered();
        case consumer_event::recovered: return recovered();
        case consumer_event::level: return level();
        case consumer_event::others: return ask(question::others);
        case consumer_event::answered: return answered();
    }
    return {};
}

consumer_actions rabbitmq_consumer_state::ready() {
    if (connected_) return {};
    connected_ = true;
    return {.subscribe = wanted_};
}

consumer_actions rabbitmq_consumer_state::lost() {
    connected_ = false;
    recoveries_ = levels_ = 0;
    asked_.clear();
    return {};
}

consumer_actions rabbitmq_consumer_state::wanted() {
    const bool again = std::exchange(wanted_, true);
    return {.unsubscribe = connected_ && again, .subscribe = connected_};
}

consumer_actions rabbitmq_consumer_state::unwanted() {
    if (!wanted_) return {};
    wanted_ = false;
    if (!connected_) return {};
    ++recoveries_;
    return {.unsubscribe = true, .recover = true};
}

consumer_actions rabbitmq_consumer_state::delivered() {
    if (!connected_ || recoveries_ != 0) return {};
    if (wanted_) return {.hand_over = true};
    ++recoveries_;  // it was on its way when nobody wanted any more
    return {.recover = true};
}

consumer_actions rabbitmq_consumer_state::recovered() {
    if (!connected_ || recoveries_ == 0) return {};
    --recoveries_;
    return {.give_back = true};
}

consumer_actions rabbitmq_consumer_state::level() {
    if (!connected_) return {};
    levels_ = level_rounds;
    return ask(question::level);
}

consumer_actions rabbitmq_consumer_state::ask(question q) {
    if (!connected_) return {};
    asked_.push_back(q);
    return {.ask = true};
}

consumer_actions rabbitmq_consumer_state::answered() {
    if (!connected_ || asked_.empty()) return {};
    const question q = asked_.front();
    asked_.pop_front();
    if (q == question::others) return {.look_for_others = true};
    if (levels_ == 0) return {};
    if (--levels_ != 0) return ask(question::level);
    return {.tell_levelled = true};
}

}  // namespace freshet
