// What a consumer on RabbitMQ does next: whether it has a connection, and what each event makes of what it has asked.
// No sockets, no bytes, no time: the consumer tells what has happened, and carries out what it is told.
#pragma once

#include <cstdint>
#include <deque>

namespace freshet {

enum class consumer_event : std::uint8_t {
    ready,      ///< there is a connection
    lost,       ///< there is none any more: what came is the broker's again
    wanted,     ///< the owner wants messages, or more of them
    enough,     ///< the owner keeps what came, and wants no more for now
    unwanted,   ///< nobody wants messages
    cancelled,  ///< basic.cancel-ok, of all: no more comes through the subscriptions that were ended
    delivered,  ///< a message has come, whole
    recovered,  ///< basic.recover-ok: what came before is the broker's again
    level,      ///< the owner asks how many are ready
    others,     ///< the owner asks who else wants messages
    answered,   ///< the first question that is not answered yet: the broker has told of the queue
};

/// What is to be done, in this order.
struct consumer_actions {
    bool unsubscribe{false};      ///< acknowledge what is settled, and cancel the subscriptions
    bool subscribe{false};        ///< to the queue, once more
    bool recover{false};          ///< ask the broker to take back what came
    bool give_back{false};        ///< what came is the broker's: its tags mean nothing any more
    bool hand_over{false};        ///< the message that came
    bool ask{false};              ///< the broker about the queue
    bool tell_levelled{false};    ///< the broker's answer says how many are ready
    bool look_for_others{false};  ///< the broker's answer says how many consumers there are

    bool operator==(const consumer_actions&) const = default;
};

class rabbitmq_consumer_state {
public:
    consumer_actions take(consumer_event e);

private:
    enum class question : std::uint8_t { level, others };

    consumer_actions ready();
    consumer_actions lost();
    consumer_actions wanted();
    consumer_actions enough();
    consumer_actions unwanted();
    consumer_actions cancelled();
    consumer_actions delivered();
    consumer_actions recovered();
    consumer_actions level();
    consumer_actions answered();
    consumer_actions ask(question q);
    consumer_actions subscribe();
    bool unsubscribe();

    enum class wish : std::uint8_t { none, enough, more };

    bool connected_{false};
    /// What the owner wishes comes before there is a connection, and outlives each.
    wish wish_{wish::none};
    bool subscribed_{false};
    bool cancelling_{false};        ///< the next subscription waits until the last ones have ended
    unsigned recoveries_{0};        ///< asked for and not answered: what comes before the answer is the broker's again
    std::deque<question> asked_{};  ///< that are not answered, in order
    unsigned level_questions_{0};   ///< of those
    unsigned levels_{0};            ///< answers that are missing until it is known what is ready
};

}  // namespace freshet
