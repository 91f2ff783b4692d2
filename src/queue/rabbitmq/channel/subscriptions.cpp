#include "queue/rabbitmq/channel/subscriptions.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace freshet {

const std::string& rabbitmq_subscriptions::begin() {
    unsaid_ = 0;
    return names_.emplace_back(fmt::format("freshet-{}", ++begun_));
}

void rabbitmq_subscriptions::retire() {
    ending_ += names_.size();
    names_.clear();
    given_back();
}

void rabbitmq_subscriptions::forget() noexcept {
    names_.clear();
    given_back();
    ending_ = 0;
    unsaid_ = window_;
}

void rabbitmq_subscriptions::delivered(std::string_view name, delivery_tag tag) noexcept {
    if (std::find(names_.rbegin(), names_.rend(), name) == names_.rend()) return;
    if (first_ == 0) first_ = tag;
    ++open_;
}

}  // namespace freshet
