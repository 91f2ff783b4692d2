#include "queue/shelf.hpp"

#include "queue/queue_line.hpp"

#include <spdlog/spdlog.h>

namespace freshet {

namespace {
constexpr std::size_t memos_max = 100'000;
}

shelf::place& shelf::put(std::uint64_t number, arrival&& one) {
    if (one.serial != 0) serials_[one.serial] = number;
    place& p = places_[number];
    p.stored = {number, std::move(one.message), one.redelivered};
    p.serial = one.serial;
    p.tag = one.tag;
    return p;
}

shelf::place* shelf::find(std::uint64_t number) {
    const auto at = places_.find(number);
    return at != places_.end() ? &at->second : nullptr;
}

std::uint64_t shelf::find_serial(std::uint64_t serial) const {
    const auto at = serials_.find(serial);
    return at != serials_.end() ? at->second : 0;
}

void shelf::erase(const place& p) {
    const auto known = serials_.find(p.serial);
    if (known != serials_.end() && known->second == p.stored.number) serials_.erase(known);
    if (p.tag == 0) --untagged_;
    places_.erase(std::uint64_t{p.stored.number});  // a copy: the place goes with it
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

// Of after..upto those are missing that were settled before they were read.
void shelf::read(std::uint64_t, std::uint64_t after, std::uint64_t upto, std::size_t rows, std::size_t bytes,
                 std::deque<stored_message>& to) {
    std::size_t taken = 0;
    for (std::uint64_t number = after + 1; number <= upto; ++number) {
        const place* const p = find(number);
        if (p == nullptr) continue;
        to.push_back(p->stored);
        taken += queue_line::size_of(p->stored.message);
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
