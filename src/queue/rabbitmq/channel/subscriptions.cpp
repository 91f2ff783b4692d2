#include "queue/rabbitmq/channel/subscriptions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace freshet {

const std::string& rabbitmq_subscriptions::begin() {
    current_ = {};
    current_.name = fmt::format("freshet-{}", ++begun_);
    return current_.name;
}

void rabbitmq_subscriptions::retire() {
    current_.ending = true;
    earlier_.push_back(std::exchange(current_, {}));
}

void rabbitmq_subscriptions::ended() {
    for (subscription& s : earlier_) s.ending = false;
    drop_settled();
}

void rabbitmq_subscriptions::drop_settled() {
    std::erase_if(earlier_, [](const subscription& s) { return s.open == 0 && !s.ending; });
}

void rabbitmq_subscriptions::given_back() noexcept {
    for (subscription& s : earlier_) s.first = 0, s.open = 0;
    current_.first = 0, current_.open = 0;
    drop_settled();
}

void rabbitmq_subscriptions::forget() noexcept {
    earlier_.clear();
    current_ = {};
}

void rabbitmq_subscriptions::delivered(std::string_view name, delivery_tag tag) noexcept {
    const auto count = [tag](auto& s) {
        if (s.first == 0) s.first = tag;
        ++s.open;
    };
    if (name == current_.name) return count(current_);
    const auto its = std::find_if(earlier_.rbegin(), earlier_.rend(), [&](const auto& s) { return s.name == name; });
    if (its != earlier_.rend()) count(*its);
}

rabbitmq_subscriptions::subscription* rabbitmq_subscriptions::that_has(delivery_tag tag) noexcept {
    const auto has = [tag](const subscription& s) { return s.first != 0 && s.first <= tag; };
    if (has(current_)) return &current_;
    const auto its = std::find_if(earlier_.rbegin(), earlier_.rend(), has);
    return its != earlier_.rend() ? &*its : nullptr;
}

void rabbitmq_subscriptions::over(delivery_tag tag) noexcept {
    subscription* const its = that_has(tag);
    if (its == nullptr || its->open == 0) return;
    if (--its->open == 0 && its != &current_) drop_settled();
}

}  // namespace freshet
