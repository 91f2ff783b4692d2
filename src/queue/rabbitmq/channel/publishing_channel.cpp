#include "queue/rabbitmq/channel/publishing_channel.hpp"

#include <utility>

namespace freshet {

namespace {
constexpr seconds pause{1};  ///< between one channel that refuses and the next
}

void rabbitmq_publishing_channel::begin_again() noexcept {
    state_ = state::first;
    number_ = numbers[0];
}

std::optional<rabbitmq_publishing_channel::move> rabbitmq_publishing_channel::refused(steady::time_point now) {
    if (state_ == state::moving || now < next_move_) return std::nullopt;
    next_move_ = now + pause;
    const bool first = std::exchange(state_, state::moving) == state::first;
    const std::uint16_t from = number_;
    number_ = other();
    return move{from, number_, first};
}

bool rabbitmq_publishing_channel::replace() noexcept {
    if (state_ == state::moving) return false;
    number_ = other();
    return true;
}

void rabbitmq_publishing_channel::closed() noexcept {
    if (state_ == state::moving) state_ = state::moved;
}

}  // namespace freshet
