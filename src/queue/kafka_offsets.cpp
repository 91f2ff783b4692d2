#include "queue/kafka_offsets.hpp"

#include <algorithm>

namespace freshet {

bool kafka_offsets::arrived(std::int64_t offset) {
    if (!given_ || offset < begin_) begin_at(offset);
    given_ = true;
    const auto at = static_cast<std::size_t>(offset - begin_);
    if (at >= states_.size()) states_.resize(at + 1, state::absent);
    next_ = offset + 1;
    const bool is_new = states_[at] == state::absent;
    if (is_new) {
        states_[at] = state::open;
        ++open_;
    }
    advance();
    return is_new;
}

void kafka_offsets::settled(std::int64_t offset) {
    const auto at = static_cast<std::size_t>(offset - begin_);
    if (!given_ || offset < begin_ || at >= states_.size() || states_[at] != state::open) return;
    states_[at] = state::settled;
    --open_;
    advance();
}

void kafka_offsets::taken_away() {
    std::replace(states_.begin(), states_.end(), state::open, state::absent);
    open_ = 0;
    next_ = committed = -1;
    given_ = false;
}

/// Of what lies behind it is still known what was settled.
void kafka_offsets::begin_at(std::int64_t offset) {
    const std::int64_t passed = offset - begin_;
    if (passed < 0) states_.clear(), open_ = 0;
    else states_.erase(states_.begin(), states_.begin() + std::min<std::int64_t>(passed, std::ssize(states_)));
    begin_ = offset;
}

void kafka_offsets::advance() {
    while (begin_ < next_ && states_.front() != state::open) {
        states_.pop_front();
        ++begin_;
    }
}

}  // namespace freshet
