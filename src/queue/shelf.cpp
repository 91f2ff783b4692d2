#include "queue/shelf.hpp"

#include <spdlog/spdlog.h>

namespace freshet {

namespace {
constexpr std::size_t memos_max = 100'000;
}

shelf::place& shelf::put(std::uint64_t number, arrival&& one) {
    if (one.serial != 0) serials_[one.serial] = number;
    const auto at = places_.emplace_hint(places_.end(), number,
                                         place{{number, std::move(one.message), one.redelivered}, one.serial, one.tag});
    return at->second;
}

shelf::place* shelf::find(std::uint64_t number) {
    const auto at = places_.find(number);
    return at != places_.end() ? &at->second : nullptr;
}

std::uint64_t shelf::find_serial(std::uint64_t serial) const {
    const auto at = serials_.find(serial);
    return at != serials_.end() ? at->second : 0;
}

void shelf::erase(std::uint64_t number) {
    const auto at = places_.find(number);
    if (at == places_.end()) return;
    const auto known = serials_.find(at->second.serial);
    if (known != serials_.end() && known->second == number) serials_.erase(known);
    if (at->second.tag == 0) --untagged_;
    places_.erase(at);
}

void shelf::untag_all() {
    for (auto& [number, p] : places_) p.tag = 0;
    untagged_ = places_.size();
}

void shelf::tag(place& p, broker_tag tag) {
    p.tag = tag;
    --untagged_;
}

void shelf::remember(std::uint64_t serial, const memo& m) {
    if (serial == 0) return;
    const auto [at, fresh] = memos_.insert_or_assign(serial, m);
    if (fresh) memo_order_.push_back(serial);
    while (memo_order_.size() > memos_max) {
        memos_.erase(memo_order_.front());
        memo_order_.pop_front();
    }
}

memo shelf::recall(std::uint64_t serial) {
    const auto at = memos_.find(serial);
    if (at == memos_.end()) return {};
    const memo found = at->second;
    memos_.erase(at);  // its place in the order is passed over when it is the oldest
    return found;
}

void shelf::read(std::uint64_t, std::uint64_t after, std::uint64_t upto, std::size_t rows, std::size_t bytes,
                 std::deque<stored_message>& to) {
    std::size_t taken = 0;
    for (auto at = places_.upper_bound(after); at != places_.end() && at->first <= upto; ++at) {
        const stored_message& s = at->second.stored;
        to.push_back(s);
        taken += s.message.id.size() + s.message.key.size() + s.message.body.size();
        if (to.size() >= rows || taken >= bytes) return;
    }
}

std::optional<stored_message> shelf::read_one(std::uint64_t, std::uint64_t number) {
    const place* const found = find(number);
    return found != nullptr ? std::optional(found->stored) : std::nullopt;
}

/// Whoever settles a message takes it from the line first, so this cannot happen.
void shelf::mark_damaged(std::string_view how) { spdlog::critical("a broker's queue has lost track: {}", how); }

}  // namespace freshet
