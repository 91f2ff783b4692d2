// A subscription to a queue on RabbitMQ: its name, and how many of its messages are not acknowledged. Another window
// needs another subscription, since quorum queues have no window of a whole channel. Back shard only.
#pragma once

#include "queue/broker/link.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace freshet {

class rabbitmq_subscription {
public:
    /// What comes through it counts from now on.
    void begin(std::size_t window) {
        window_ = window;
        open_ = 0;
        first_ = 0;
        name_ = fmt::format("freshet-{}", ++count_);
    }
    /// All that came is the broker's again.
    void given_back() noexcept { open_ = 0, first_ = 0; }

    const std::string& name() const noexcept { return name_; }
    std::size_t window() const noexcept { return window_; }
    std::size_t room() const noexcept { return window_ > open_ ? window_ - open_ : 0; }

    /// Tags rise, and what comes through an earlier one comes before.
    void delivered(std::string_view subscription, delivery_tag tag) noexcept {
        if (subscription != name_) return;
        if (first_ == 0) first_ = tag;
        ++open_;
    }
    /// It is acknowledged, or was given back by itself. Once for each.
    void over(delivery_tag tag) noexcept {
        if (first_ != 0 && tag >= first_) --open_;
    }

private:
    std::size_t window_{0}, open_{0};
    delivery_tag first_{0};
    std::uint64_t count_{0};
    std::string name_{};
};

}  // namespace freshet
