// The subscription of a channel to its queue, and those before it whose messages are not all settled. RabbitMQ counts
// for each by itself what is not acknowledged, and a quorum queue has no other window: another window is another
// subscription. Back shard only.
#pragma once

#include "queue/broker/link.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace freshet {

class rabbitmq_subscriptions {
public:
    /// So many messages are to come through the one that is begun next, and be open; 0: none.
    void want(std::size_t window) noexcept { window_ = window; }
    /// The name of a new one, which is to be made now.
    const std::string& begin();
    const std::string& name() const noexcept { return current_.name; }
    std::size_t window() const noexcept { return window_; }
    /// The current one is being ended: what is on its way may still come.
    void retire();
    /// The one that was retired last has ended.
    void ended();
    /// All that came is the broker's again.
    void given_back() noexcept;
    /// A new channel: there are none.
    void forget() noexcept;

    /// So many more come.
    std::size_t room() const noexcept { return window_ > current_.open ? window_ - current_.open : 0; }
    /// So many consumers of the queue are ours: a quorum queue counts one that has ended until all of it is settled.
    std::size_t count() const noexcept { return earlier_.size() + (current_.name.empty() ? 0 : 1); }

    void delivered(std::string_view name, delivery_tag tag) noexcept;
    /// It is acknowledged, or was given back by itself. Once for each.
    void over(delivery_tag tag) noexcept;

private:
    struct subscription {
        std::string name{};
        delivery_tag first{0};  ///< 0: nothing has come. Tags rise from one to the next.
        std::size_t open{0};
        bool ending{false};
    };
    subscription* that_has(delivery_tag tag) noexcept;
    void drop_settled();

    std::size_t window_{0};
    subscription current_{};
    std::vector<subscription> earlier_{};
    std::uint64_t begun_{0};
};

}  // namespace freshet
