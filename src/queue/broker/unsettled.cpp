#include "queue/broker/unsettled.hpp"

#include "queue/line/queue_line.hpp"

#include <spdlog/spdlog.h>

namespace freshet {

namespace {
constexpr std::size_t memos_max = 100'000;
}

unsettled_messages::record& unsettled_messages::put(std::uint64_t number, arrival&& one) {
    if (one.serial != 0) serials_[one.serial] = number;
    record& p = records_[number];
    p.stored = {number, std::move(one.message), one.redelivered};
    p.serial = one.serial;
    p.tag = one.tag;
    return p;
}

unsettled_messages::record* unsettled_messages::find(std::uint64_t number) {
    const auto at = records_.find(number);
    return at != records_.end() ? &at->second : nullptr;
}

std::uint64_t unsettled_messages::find_serial(std::uint64_t serial) const {
    const auto at = serials_.find(serial);
    return at != serials_.end() ? at->second : 0;
}

void unsettled_messages::erase(const record& p) {
    const auto known = serials_.find(p.serial);
    if (known != serials_.end() && known->second == p.stored.number) serials_.erase(known);
    if (p.tag == 0) --untagged_;
    records_.erase(std::uint64_t{p.stored.number});  // a copy: the record goes with it
}

void unsettled_messages::untag_all() {
    for (auto& [number, p] : records_) p.tag = 0;
    untagged_ = records_.size();
}

void unsettled_messages::tag(record& p, delivery_tag tag) {
    p.tag = tag;
    --untagged_;
}

void unsettled_messages::remember(std::uint64_t serial, const memo& m) {
    if (serial == 0) return;
    const auto [at, fresh] = memos_.insert_or_assign(serial, m);
    if (fresh) memo_order_.push_back(serial);
    while (memo_order_.size() > memos_max) {
        memos_.erase(memo_order_.front());
        memo_order_.pop_front();
    }
}

memo unsettled_messages::recall(std::uint64_t serial) {
    const auto at = memos_.find(serial);
    if (at == memos_.end()) return {};
    const memo found = at->second;
    memos_.erase(at);  // its record in the order is passed over when it is the oldest
    return found;
}

// Of after..upto those are missing that were settled before they were read.
void unsettled_messages::read(std::uint64_t, std::uint64_t after, std::uint64_t upto, std::size_t rows,
                              std::size_t bytes, std::deque<stored_message>& to) {
    std::size_t taken = 0;
    for (std::uint64_t number = after + 1; number <= upto; ++number) {
        const record* const p = find(number);
        if (p == nullptr) continue;
        to.push_back(p->stored);
        taken += queue_line::size_of(p->stored.message);
        if (to.size() >= rows || taken >= bytes) return;
    }
}

std::optional<stored_message> unsettled_messages::read_one(std::uint64_t, std::uint64_t number) {
    const record* const found = find(number);
    return found != nullptr ? std::optional(found->stored) : std::nullopt;
}

/// Whoever settles a message takes it from the line first, so this cannot happen.
void unsettled_messages::mark_damaged(std::string_view how) {
    spdlog::critical("a broker's queue has lost track: {}", how);
}

}  // namespace freshet
