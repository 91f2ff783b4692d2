// What is to be acknowledged on one channel: as far as possible many at once. Back shard only.
#pragma once

#include "queue/broker/link.hpp"

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace freshet {

class rabbitmq_acks {
public:
    /// The channel counts its deliveries from 1.
    explicit rabbitmq_acks(std::uint16_t channel) noexcept : channel_(channel) {}

    void settled(delivery_tag tag);
    /// It was given back by itself, and is not to be acknowledged.
    void returned(delivery_tag tag);
    bool empty() const noexcept { return unsaid_.empty(); }
    /// Appends the frames that acknowledge what was settled.
    void say(std::string& to);
    /// What has come until now is the broker's again.
    void give_back(delivery_tag last);
    /// A new channel.
    void begin_again() { give_back(0); }

private:
    enum class state : std::uint8_t { open, settled, said };
    state& at(delivery_tag tag) { return states_[tag - first_]; }
    bool becomes(delivery_tag tag, state s);

    std::uint16_t channel_;
    std::deque<state> states_;  ///< from first_ to the highest that was settled
    delivery_tag first_{1};
    std::vector<delivery_tag> unsaid_;
};

}  // namespace freshet
