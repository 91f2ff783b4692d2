// What a link to RabbitMQ does next: which state it is in, and what each event makes of it. No sockets, no bytes, no
// time: the link tells what has happened, and carries out what it is told.
#pragma once

#include <cstdint>
#include <deque>

namespace freshet {

enum class rabbitmq_state : std::uint8_t {
    apart,       ///< there is no connection: it has not begun, or pauses before the next one
    setting_up,  ///< a connection is made, and hello is said
    failing,     ///< that has gone wrong; the connection is about to be given up
    open,        ///< messages go and come
    blocked,     ///< the broker takes no messages: an alarm there. What is ready comes all the same
    breaking,    ///< the connection is of no use any more; the owner does not know yet
    stopped,     ///< for good
};

enum class rabbitmq_event : std::uint8_t {
    begun,      ///< a connection is being made
    set_up,     ///< it can be used
    alarm,      ///< connection.blocked
    all_clear,  ///< connection.unblocked
    broken,     ///< it has failed, or the broker has ended it
    closed,     ///< nothing is written to it or read from it any more
    wanted,     ///< the owner wants messages
    unwanted,   ///< nobody wants messages
    delivered,  ///< a message has come, whole
    recovered,  ///< basic.recover-ok: what came before is the broker's again
    level,      ///< the owner asks how many are ready
    others,     ///< the owner asks who else wants messages
    answered,   ///< the first question that is not answered yet: the broker has told of the queue
    stopped,    ///< the owner wants an end
};

/// What is to be done, in this order.
struct rabbitmq_actions {
    bool publish_again{false};    ///< what is not confirmed
    bool subscribe{false};        ///< to the queue
    bool unsubscribe{false};      ///< acknowledge what is settled, and cancel the consumer
    bool recover{false};          ///< ask the broker to take back what came
    bool give_back{false};        ///< what came is the broker's: its tags mean nothing any more
    bool hand_over{false};        ///< the message that came
    bool ask{false};              ///< the broker about the queue
    bool tell_levelled{false};    ///< the broker's answer says how many are ready
    bool look_for_others{false};  ///< the broker's answer says how many consumers there are
    bool tell_connected{false};
    bool tell_lost{false};    ///< what came is the broker's again, and nothing can be asked
    bool say_goodbye{false};  ///< to the broker
    bool end{false};          ///< close all, and answer what is not confirmed

    bool operator==(const rabbitmq_actions&) const = default;
};

class rabbitmq_link_state {
public:
    rabbitmq_actions take(rabbitmq_event e);

    rabbitmq_state now() const noexcept { return now_; }
    bool is_stopped() const noexcept { return now_ == rabbitmq_state::stopped; }
    /// Messages go and come.
    bool is_usable() const noexcept { return now_ == rabbitmq_state::open || now_ == rabbitmq_state::blocked; }
    /// As far as the owner knows.
    bool is_connected() const noexcept { return is_usable() || now_ == rabbitmq_state::breaking; }
    /// What is to be sent can be written.
    bool can_write() const noexcept { return is_usable() || now_ == rabbitmq_state::setting_up; }

private:
    enum class question : std::uint8_t { level, others };

    rabbitmq_actions set_up();
    rabbitmq_actions broken();
    rabbitmq_actions closed();
    rabbitmq_actions wanted();
    rabbitmq_actions unwanted();
    rabbitmq_actions delivered();
    rabbitmq_actions recovered();
    rabbitmq_actions level();
    rabbitmq_actions answered();
    rabbitmq_actions stop();
    rabbitmq_actions ask(question q);
    void change(rabbitmq_state from, rabbitmq_state to) noexcept;

    rabbitmq_state now_{rabbitmq_state::apart};
    /// What the owner wishes is no part of the state: it comes before there is a connection, and outlives each.
    bool wanted_{false};
    unsigned recoveries_{0};        ///< asked for and not answered: what comes before the answer is the broker's again
    std::deque<question> asked_{};  ///< that are not answered, in order
    unsigned levels_{0};            ///< answers that are missing until it is known what is ready
};

}  // namespace freshet
