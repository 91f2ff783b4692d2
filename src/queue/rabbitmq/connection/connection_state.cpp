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
    const bool was_ready = is_ready(), was_begun = now_ != rabbitmq_state::apart;
    now_ = rabbitmq_state::apart;
    return {.tell_lost = was_ready, .tell_failed = was_begun && !was_ready};
}

rabbitmq_actions rabbitmq_connection_state::stop() {
    const bool says_goodbye = is_open();
    now_ = rabbitmq_state::stopped;
    return {.say_goodbye = says_goodbye, .end = true};
}

}  // namespace freshet
