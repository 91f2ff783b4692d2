#include "queue/rabbitmq/connection/connection_state.hpp"

namespace freshet {

rabbitmq_actions rabbitmq_connection_state::take(rabbitmq_event e) {
    if (is_stopped()) return {};
    switch (e) {
        case rabbitmq_event::begun:
            if (now_ == rabbitmq_state::apart) now_ = rabbitmq_state::setting_up;
            return {};
        case rabbitmq_event::set_up: return set_up();
        case rabbitmq_event::broken: return broken();
        case rabbitmq_event::closed: return closed();
        case rabbitmq_event::stopped: return stop();
        case rabbitmq_event::cut: return cut();
    }
    return {};
}

rabbitmq_actions rabbitmq_connection_state::set_up() {
    if (now_ != rabbitmq_state::setting_up) return {};
    now_ = rabbitmq_state::open;
    return {.tell_ready = true};
}

rabbitmq_actions rabbitmq_connection_state::broken() {
    if (now_ == rabbitmq_state::setting_up) now_ = rabbitmq_state::failing;
    if (is_open()) now_ = rabbitmq_state::breaking;
    return {};
}

/// Whether it was broken before or not.
rabbitmq_actions rabbitmq_connection_state::closed() {
    if (is_leaving()) {
        now_ = rabbitmq_state::stopped;
        return {};
    }
    const bool was_ready = is_ready(), was_begun = now_ != rabbitmq_state::apart;
    now_ = rabbitmq_state::apart;
    return {.tell_lost = was_ready, .tell_failed = was_begun && !was_ready};
}

rabbitmq_actions rabbitmq_connection_state::stop() {
    if (is_leaving()) return {};
    if (!is_open()) return cut();
    now_ = rabbitmq_state::leaving;
    return {.say_goodbye = true};
}

rabbitmq_actions rabbitmq_connection_state::cut() {
    now_ = rabbitmq_state::stopped;
    return {.end = true};
}

}  // namespace freshet
