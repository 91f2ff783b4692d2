// What a connection to RabbitMQ does next: which state it is in, and what each event makes of it. No sockets, no bytes,
// no time: the connection tells what has happened, and carries out what it is told.
#pragma once

#include <cstdint>

namespace freshet {

enum class rabbitmq_state : std::uint8_t {
    apart,       ///< there is none: it has not begun, or pauses before the next one
    setting_up,  ///< it is made, and hello is said
    failing,     ///< that has gone wrong; it is about to be given up
    open,        ///< it can be used
    breaking,    ///< it is of no use any more; its user does not know yet
    leaving,     ///< goodbye is said, and the broker has not answered it
    stopped,     ///< for good
};

enum class rabbitmq_event : std::uint8_t {
    begun,    ///< it is being made
    set_up,   ///< it can be used
    broken,   ///< it has failed, or the broker has ended it
    closed,   ///< nothing is written to it or read from it any more
    stopped,  ///< its user wants an end
    cut,      ///< at once: its user waits for the broker no longer
};

/// What is to be done, in this order.
struct rabbitmq_actions {
    bool tell_ready{false};
    bool tell_lost{false};    ///< it was ready
    bool tell_failed{false};  ///< it never was
    bool say_goodbye{false};  ///< to the broker, which answers it
    bool end{false};          ///< close all

    bool operator==(const rabbitmq_actions&) const = default;
};

class rabbitmq_connection_state {
public:
    rabbitmq_actions take(rabbitmq_event e);

    rabbitmq_state now() const noexcept { return now_; }
    bool is_stopped() const noexcept { return now_ == rabbitmq_state::stopped; }
    bool is_leaving() const noexcept { return now_ == rabbitmq_state::leaving; }
    bool is_open() const noexcept { return now_ == rabbitmq_state::open; }
    /// As far as its user knows.
    bool is_ready() const noexcept { return is_open() || now_ == rabbitmq_state::breaking; }
    /// What is to be sent can be written.
    bool can_write() const noexcept { return is_open() || now_ == rabbitmq_state::setting_up; }

private:
    rabbitmq_actions set_up();
    rabbitmq_actions broken();
    rabbitmq_actions closed();
    rabbitmq_actions stop();
    rabbitmq_actions cut();

    rabbitmq_state now_{rabbitmq_state::apart};
};

}  // namespace freshet
