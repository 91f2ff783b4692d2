// The subscriptions of a channel to its queue, and how many messages they bring together. RabbitMQ counts for each by
// itself what is not acknowledged, and a quorum queue has no other window: a larger window is one more subscription.
// None is replaced by a larger one: of a quorum queue what is on its way to one that ends comes behind what the next
// one has. Back shard only.
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
    /// So many more messages are to come and be open.
    void want(std::size_t more) noexcept { window_ += more, unsaid_ += more; }
    /// None is.
    void want_none() noexcept { window_ = unsaid_ = 0; }
    /// What the next one is to bring.
    std::size_t unsaid() const noexcept { return unsaid_; }
    /// The name of the next one, which is made now.
    const std::string& begin();

    const std::vector<std::string>& names() const noexcept { return names_; }
    /// All are being ended. What they have brought does not count any more, nor what is on its way.
    void retire();
    /// One of those has ended. True: the last.
    bool ended() noexcept { return ending_ != 0 && --ending_ == 0; }
    /// All that came is the broker's again.
    void given_back() noexcept { first_ = 0, open_ = 0; }
    /// A new channel: there are none.
    void forget() noexcept;

    /// So many more come.
    std::size_t room() const noexcept { return window_ > open_ ? window_ - open_ : 0; }

    void delivered(std::string_view name, delivery_tag tag) noexcept;
    /// It is acknowledged, or was given back by itself. Once for each.
    void over(delivery_tag tag) noexcept {
        if (first_ != 0 && tag >= first_ && open_ != 0) --open_;
    }

private:
    std::size_t window_{0}, unsaid_{0}, open_{0};
    delivery_tag first_{0};  ///< that came through one of these; 0: none has
    std::vector<std::string> names_{};
    std::size_t ending_{0};
    std::uint64_t begun_{0};
};

}  // namespace freshet
