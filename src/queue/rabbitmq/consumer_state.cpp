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
        case consumer_event::enough: return enough();
        case consumer_event::unwanted: return unwanted();
        case consumer_event::cancelled: return cancelled();
        case consumer_event::delivered: return delivered();
        case consumer_event::recovered: return recovered();
        case consumer_event::level: return level();
        case consumer_event::others: return ask(question::others);
        case consumer_event::answered: return answered();
    }
    return {};
}

consumer_actions rabbitmq_consumer_state::subscribe() {
    if (!connected_ || cancelling_ || wish_ != wish::more) return {};
    subscribed_ = true;
    return {.subscribe = true};
}

/// True: there are some to be cancelled.
bool rabbitmq_consumer_state::unsubscribe() {
    if (!subscribed_) return false;
    subscribed_ = false;
    cancelling_ = true;
    return true;
}

consumer_actions rabbitmq_consumer_state::ready() {
    if (connected_) return {};
    connected_ = true;
    return subscribe();
}

consumer_actions rabbitmq_consumer_state::lost() {
    connected_ = subscribed_ = cancelling_ = false;
    recoveries_ = levels_ = level_questions_ = 0;
    asked_.clear();
    return {};
}

consumer_actions rabbitmq_consumer_state::wanted() {
    wish_ = wish::more;
    return subscribe();
}

consumer_actions rabbitmq_consumer_state::enough() {
    if (wish_ == wish::more) wish_ = wish::enough;
    return {.unsubscribe = unsubscribe()};
}

consumer_actions rabbitmq_consumer_state::unwanted() {
    if (std::exchange(wish_, wish::none) == wish::none || !connected_) return {};
    ++recoveries_;
    return {.unsubscribe = unsubscribe(), .recover = true};
}

consumer_actions rabbitmq_consumer_state::cancelled() {
    if (!std::exchange(cancelling_, false)) return {};
    if (levels_ != 0) levels_ = level_rounds + level_questions_;  // what is under way was asked before
    return subscribe();
}

consumer_actions rabbitmq_consumer_state::delivered() {
    if (!connected_ || recoveries_ != 0) return {};
    if (wish_ != wish::none) return {.hand_over = true};
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
    levels_ = level_rounds + level_questions_;
    return ask(question::level);
}

consumer_actions rabbitmq_consumer_state::ask(question q) {
    if (!connected_) return {};
    if (q == question::level) ++level_questions_;
    asked_.push_back(q);
    return {.ask = true};
}

consumer_actions rabbitmq_consumer_state::answered() {
    if (!connected_ || asked_.empty()) return {};
    const question q = asked_.front();
    asked_.pop_front();
    if (q == question::others) return {.look_for_others = true};
    --level_questions_;
    if (levels_ == 0) return {};
    if (--levels_ == 0) return {.tell_levelled = true};
    return level_questions_ == 0 ? ask(question::level) : consumer_actions{};
}

}  // namespace freshet
