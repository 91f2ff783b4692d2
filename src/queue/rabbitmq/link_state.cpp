#include "queue/rabbitmq/link_state.hpp"

namespace freshet {

namespace {
/// Asked twice: what was under way when it was asked the first time has come before the second answer.
constexpr unsigned level_rounds = 2;
}  // namespace

rabbitmq_actions rabbitmq_link_state::take(rabbitmq_event e) {
    if (is_stopped()) return {};
    switch (e) {
        case rabbitmq_event::begun: change(rabbitmq_state::apart, rabbitmq_state::setting_up); return {};
        case rabbitmq_event::set_up: return set_up();
        case rabbitmq_event::alarm: change(rabbitmq_state::open, rabbitmq_state::blocked); return {};
        case rabbitmq_event::all_clear: change(rabbitmq_state::blocked, rabbitmq_state::open); return {};
        case rabbitmq_event::broken: return broken();
        case rabbitmq_event::closed: return closed();
        case rabbitmq_event::wanted: return wanted();
        case rabbitmq_event::unwanted: return unwanted();
        case rabbitmq_event::delivered: return delivered();
        case rabbitmq_event::recovered: return recovered();
        case rabbitmq_event::level: return level();
        case rabbitmq_event::others: return ask(question::others);
        case rabbitmq_event::answered: return answered();
        case rabbitmq_event::stopped: return stop();
    }
    return {};
}

void rabbitmq_link_state::change(rabbitmq_state from, rabbitmq_state to) noexcept {
    if (now_ == from) now_ = to;
}

rabbitmq_actions rabbitmq_link_state::set_up() {
    if (now_ != rabbitmq_state::setting_up) return {};
    now_ = rabbitmq_state::open;
    return {.publish_again = true, .subscribe = wanted_, .tell_connected = true};
}

rabbitmq_actions rabbitmq_link_state::broken() {
    if (now_ == rabbitmq_state::setting_up) now_ = rabbitmq_state::failing;
    if (is_usable()) now_ = rabbitmq_state::breaking;
    return {};
}

/// Whether it was broken before or not.
rabbitmq_actions rabbitmq_link_state::closed() {
    const bool was_connected = is_connected();
    now_ = rabbitmq_state::apart;
    recoveries_ = levels_ = 0;
    asked_.clear();
    return {.tell_lost = was_connected};
}

rabbitmq_actions rabbitmq_link_state::wanted() {
    if (wanted_) return {};
    wanted_ = true;
    return {.subscribe = is_usable()};
}

rabbitmq_actions rabbitmq_link_state::unwanted() {
    if (!wanted_) return {};
    wanted_ = false;
    if (!is_usable()) return {};
    ++recoveries_;
    return {.unsubscribe = true, .recover = true};
}

rabbitmq_actions rabbitmq_link_state::delivered() {
    if (!is_usable() || recoveries_ != 0) return {};
    if (wanted_) return {.hand_over = true};
    ++recoveries_;  // it was on its way when nobody wanted any more
    return {.recover = true};
}

rabbitmq_actions rabbitmq_link_state::recovered() {
    if (!is_usable() || recoveries_ == 0) return {};
    --recoveries_;
    return {.give_back = true};
}

rabbitmq_actions rabbitmq_link_state::level() {
    if (!is_usable()) return {};
    levels_ = level_rounds;
    return ask(question::level);
}

rabbitmq_actions rabbitmq_link_state::ask(question q) {
    if (!is_usable()) return {};
    asked_.push_back(q);
    return {.ask = true};
}

rabbitmq_actions rabbitmq_link_state::answered() {
    if (!is_usable() || asked_.empty()) return {};
    const question q = asked_.front();
    asked_.pop_front();
    if (q == question::others) return {.look_for_others = true};
    if (levels_ == 0) return {};
    if (--levels_ != 0) return ask(question::level);
    return {.tell_levelled = true};
}

rabbitmq_actions rabbitmq_link_state::stop() {
    const bool says_goodbye = is_usable();
    now_ = rabbitmq_state::stopped;
    return {.say_goodbye = says_goodbye, .end = true};
}

}  // namespace freshet
