// What a link to Kafka does next: which state it is in, and what each event makes of it. No librdkafka, no time: the
// link tells what has happened, and carries out what it is told.
#pragma once

#include <cstdint>
#include <optional>

namespace freshet {

/// Where the link stands with the group of consumers.
enum class kafka_state : std::uint8_t {
    away,         ///< nobody here wants messages: it is no member
    wanting,      ///< somebody does; it joins once a broker answers
    joined,       ///< a member that has no partitions, or none yet
    taking_over,  ///< it was given partitions; what others have settled there is being asked
    reading,      ///< messages come
    stopped,      ///< for good
};

enum class kafka_event : std::uint8_t {
    answers,          ///< the topics are there
    lost,             ///< no broker answers, or the broker refuses us
    wanted,           ///< the owner wants messages
    unwanted,         ///< nobody wants messages
    subscribed,       ///< as it was told; that it was refused is no event
    given,            ///< partitions, by the group; those before are no longer ours
    taken,            ///< all partitions, by the group
    positions_known,  ///< what others have settled there
    settled,          ///< something is to be committed
    commit_time,      ///< it is time to commit
    commit_refused,   ///< the broker has not taken a position
    stopped,          ///< the owner wants an end
};

/// What is to be done, in this order.
struct kafka_actions {
    bool subscribe{false};
    bool forget_commits{false};  ///< what was committed before counts for nothing: it is committed again
    bool commit{false};          ///< the position of each partition
    bool commit_soon{false};     ///< commit_time in a moment
    bool decline{false};         ///< the partitions that were given and not taken over
    bool unsubscribe{false};
    bool drop_partitions{false};  ///< what came from them is the group's again
    bool tell_revoked{false};
    bool give_up_partitions{false};  ///< so that the group can give them to others
    bool take_over{false};           ///< ask what others have settled in what was given
    bool read{false};                ///< what was given
    bool look{false};                ///< whether a broker answers
    bool tell_connected{false};
    bool tell_disconnected{false};
    bool leave_group{false};  ///< at the end: it takes a broker that answers
    bool end{false};

    bool operator==(const kafka_actions&) const = default;
};

class kafka_link_state {
public:
    kafka_actions take(kafka_event e);

    kafka_state now() const noexcept { return now_; }
    bool is_stopped() const noexcept { return now_ == kafka_state::stopped; }
    bool is_connected() const noexcept { return connected_; }
    /// Messages that come are wanted.
    bool is_reading() const noexcept { return now_ == kafka_state::reading && without_ != kafka_state::away; }

private:
    bool has_partitions() const noexcept { return now_ == kafka_state::taking_over || now_ == kafka_state::reading; }
    /// Where it stands with the group, whatever was given late.
    kafka_state& standing() noexcept { return without_ ? *without_ : now_; }
    bool is_member() const noexcept { return !without_ && (now_ == kafka_state::joined || has_partitions()); }
    kafka_actions answers();
    kafka_actions lost();
    kafka_actions wanted();
    kafka_actions unwanted();
    kafka_actions subscribed();
    kafka_actions given();
    kafka_actions taken();
    kafka_actions positions_known();
    kafka_actions settled();
    kafka_actions commit_time();
    kafka_actions commit_refused();
    kafka_actions stop();

    kafka_state now_{kafka_state::away};
    /// Of partitions that were given before the group had heard that it is no member any more: away or wanting, which
    /// it is without them. librdkafka waits until they are assigned, and sends no partitions any more if they are
    /// declined.
    std::optional<kafka_state> without_{};
    /// Brokers may be lost and answer again in each state: librdkafka keeps the membership, and the group takes back
    /// what it gave when it has not heard of us for long.
    bool connected_{false};
    /// A commit_time comes. That is the timer's, which runs on whatever becomes of brokers and partitions.
    bool commit_due_{false};
};

}  // namespace freshet
