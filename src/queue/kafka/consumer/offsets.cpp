#include "queue/kafka/consumer/offsets.hpp"

#include "base/whole_number.hpp"

#include <algorithm>

namespace freshet {

namespace {

constexpr std::size_t text_max = 3'900;           ///< Kafka takes 4,096 bytes, unless it is told otherwise
constexpr std::size_t restored_max = 10'000'000;  ///< of what somebody else may have written there

void append_run(std::string& to, std::size_t first, std::size_t last) {
    if (!to.empty()) to += ',';
    to += std::to_string(first);
    if (last == first) return;
    to += '-';
    to += std::to_string(last);
}

}  // namespace

bool kafka_offsets::arrived(std::int64_t offset) {
    if (!given_ || offset < begin_ || states_.empty()) begin_at(offset);  // before the first there may be a gap
    given_ = true;
    const auto at = static_cast<std::size_t>(offset - begin_);
    while (states_.size() <= at) states_.push_back(state::absent);
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
    committed_above.clear();
    given_ = false;
}

std::string kafka_offsets::settled_above() const {
    std::string text;
    const auto end = states_.begin() + static_cast<std::ptrdiff_t>(std::min(states_.size(), restored_max + 1));
    for (auto at = states_.begin();;) {
        const auto first = std::find(at, end, state::settled);
        if (first == end) return text;
        at = std::find_if(first, end, [](state s) { return s != state::settled; });
        const std::size_t before = text.size();
        append_run(text, static_cast<std::size_t>(first - states_.begin()),
                   static_cast<std::size_t>(at - states_.begin()) - 1);
        if (text.size() <= text_max) continue;
        text.resize(before);
        return text;
    }
}

void kafka_offsets::restore(std::int64_t position, std::string_view text) {
    begin_at(position);
    while (const auto first = take_whole_number<std::size_t>(text)) {
        auto last = first;
        if (text.starts_with('-')) {
            text.remove_prefix(1);
            last = take_whole_number<std::size_t>(text);
        }
        if (!last || *last < *first || *last > restored_max) return;
        restore_settled(*first, *last);
        if (!text.starts_with(',')) return;
        text.remove_prefix(1);
    }
}

void kafka_offsets::begin(std::int64_t position) {
    *this = {};
    begin_ = position;
    given_ = true;
}

void kafka_offsets::restore_settled(std::size_t first, std::size_t last) {
    if (last >= states_.size()) states_.resize(last + 1, state::absent);
    std::replace(states_.begin() + static_cast<std::ptrdiff_t>(first),
                 states_.begin() + static_cast<std::ptrdiff_t>(last) + 1, state::absent, state::settled);
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
