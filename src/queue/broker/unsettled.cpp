#include "queue/broker/unsettled.hpp"

#include "queue/line/queue_line.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <functional>
#include <string_view>
#include <utility>

namespace freshet {

namespace {

constexpr std::size_t memos_max = 100'000;
constexpr unsigned sendings_max = 32;  ///< that are told apart

std::uint32_t bit_of(unsigned sending) noexcept { return std::uint32_t{1} << (std::min(sending, sendings_max) - 1); }
std::size_t hash_of(const std::string& body) noexcept { return std::hash<std::string_view>()(body); }

}  // namespace

acquaintance unsettled_messages::meet(arrival& one) {
    if (one.serial == 0) return acquaintance::none;
    if (record* const p = find_serial(one.serial); p != nullptr) return meet(one, *p);
    if (one.sending > 1 && was_settled(one)) return acquaintance::surplus;
    const memo m = recall(one);
    one.message.attempt = std::max(one.message.attempt, m.attempts);
    one.message.not_before = std::max(one.message.not_before, m.not_before);
    if (m.settled) {
        note_settled(one.serial, bit_of(one.sending), hash_of(one.message.body));
        return acquaintance::surplus;
    }
    return m.aside ? acquaintance::same : acquaintance::none;
}

/// One that is here has its serial.
acquaintance unsettled_messages::meet(arrival& one, record& p) {
    const bool same_body = p.stored.message.body == one.message.body;
    const std::uint32_t bit = bit_of(one.sending);
    if (same_body && (p.seen & bit) == 0) {
        p.seen |= bit;
        return acquaintance::surplus;
    }
    if (same_body && p.tag == 0) {
        p.tag = one.tag;
        --untagged_;
    }
    if (same_body && p.tag == one.tag) return acquaintance::same;
    one.serial = 0;  // it is the other one's
    return acquaintance::none;
}

unsettled_messages::record& unsettled_messages::put(std::uint64_t number, arrival&& one) {
    if (one.serial != 0) serials_[one.serial] = number;
    record& p = records_[number];
    p.stored = {number, std::move(one.message), one.redelivered};
    p.serial = one.serial;
    p.tag = one.tag;
    p.own = p.seen = bit_of(one.sending);
    return p;
}

unsettled_messages::record* unsettled_messages::find(std::uint64_t number) {
    const auto at = records_.find(number);
    return at != records_.end() ? &at->second : nullptr;
}

unsettled_messages::record* unsettled_messages::find_serial(std::uint64_t serial) {
    const auto at = serials_.find(serial);
    return at != serials_.end() ? find(at->second) : nullptr;
}

void unsettled_messages::settled(const record& p) {
    if (p.serial != 0) note_settled(p.serial, p.seen, hash_of(p.stored.message.body));
}

void unsettled_messages::note_settled(std::uint64_t serial, std::uint32_t seen, std::size_t body) {
    settled_[serial % settled_.size()] = {serial, seen, body};
}

/// And this sending of it has not come yet: once it has, another one is somebody's copy.
bool unsettled_messages::was_settled(const arrival& one) {
    settled_message& known = settled_[one.serial % settled_.size()];
    if (known.serial != one.serial || (known.seen & bit_of(one.sending)) != 0) return false;
    if (known.body != hash_of(one.message.body)) return false;
    known.seen |= bit_of(one.sending);
    return true;
}

void unsettled_messages::erase(const record& p) {
    const auto known = serials_.find(p.serial);
    if (known != serials_.end() && known->second == p.stored.number) serials_.erase(known);
    if (p.tag == 0) --untagged_;
    records_.erase(std::uint64_t{p.stored.number});  // a copy: the record goes with it
}

/// All sendings that were acknowledged may come again, too.
std::vector<std::uint64_t> unsettled_messages::numbers_above(std::uint64_t number) const {
    std::vector<std::uint64_t> all;
    for (const auto& [its, p] : records_) {
        if (its > number) all.push_back(its);
    }
    return all;
}

void unsettled_messages::untag_all() {
    for (auto& [number, p] : records_) {
        p.tag = 0;
        p.seen = p.own;
    }
    untagged_ = records_.size();
}

void unsettled_messages::remember(const record& p, const memo& m) {
    if (p.serial == 0) return;
    const auto [at, fresh] = memos_.insert_or_assign(p.serial, kept_memo{m, hash_of(p.stored.message.body)});
    if (fresh) memo_order_.push_back(p.serial);
    while (memo_order_.size() > memos_max) {
        memos_.erase(memo_order_.front());
        memo_order_.pop_front();
    }
}

/// Forgets it, too, but for one that is put aside. Empty: nothing was to be remembered.
memo unsettled_messages::recall(const arrival& one) {
    const auto at = memos_.find(one.serial);
    if (at == memos_.end() || at->second.body != hash_of(one.message.body)) return {};
    const memo found = at->second.what;
    if (!found.aside) memos_.erase(at);  // its record in the order is passed over when it is the oldest
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
