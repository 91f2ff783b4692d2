#include "store/memory/stripe.hpp"

#include <algorithm>
#include <cstring>
#include <new>

namespace freshet {

namespace {
constexpr std::size_t small_share =
    20;  ///< the small list's part of the items' memory: 1/20; 1/10 hit less in every trace tried
constexpr unsigned uses_max = 3;
constexpr unsigned fruitless_max = 64;  ///< then the oldest segment goes whatever its items' uses
constexpr std::size_t slack_units_max =
    32;  ///< an overwritten value stays in place if no more than 256 B or a quarter is wasted
/// memcached's header with a CAS, the key and its end, the value and its line feed.
std::size_t said_bytes(const stored_item& item) noexcept { return 48 + 8 + item.key_size + 1U + item.value_size + 2U; }

}  // namespace

stripe::stripe(std::size_t size_bytes) : size_bytes_(size_bytes), log_(size_bytes) {}

stored_item* stripe::find(std::uint32_t hash, std::string_view key, std::uint32_t now) noexcept {
    const auto* const found = index_.find(hash, [&](item_index::reference r) { return log_.at(r).key() == key; });
    if (found == nullptr) return nullptr;
    stored_item& item = log_.at(*found);
    if (item.expires != 0 && item.expires <= now) {
        ++figures.get_expired;
        erase(item);
        return nullptr;
    }
    return &item;
}

stored_item* stripe::place(std::uint32_t hash, std::string_view key, std::size_t value_size, stored_item* old,
                           std::uint32_t now) {
    const std::size_t units = stored_item::units_for(key.size(), value_size);
    unsigned uses = 0;
    auto list = item_log::small;
    if (old != nullptr) {
        const std::size_t allotted = old->units();
        if (units <= allotted && allotted - units <= std::max(slack_units_max, allotted / 4) &&
            allotted - units <= 0x7FFF) {
            items_bytes_ += value_size;
            items_bytes_ -= old->value_size;
            ++figures.total_items;
            changed(*old);
            old->slack = (allotted - units) & 0x7FFFU;
            old->value_size = static_cast<std::uint32_t>(value_size);
            return old;
        }
        uses = old->uses;
        list = old->in_main ? item_log::main : item_log::small;
        erase(*old);  // before room is made: its segment may be the one that goes
    } else if (ghosts_.take(hash)) {
        list = item_log::main;
    }
    stored_item* const item = room(list, units, now);
    if (item == nullptr) return nullptr;
    *item = {};
    item->value_size = static_cast<std::uint32_t>(value_size);
    item->hash = hash;
    item->key_size = static_cast<std::uint8_t>(key.size());
    item->uses = uses & 3U;
    item->in_main = list == item_log::main;
    std::memcpy(item->key_data(), key.data(), key.size());
    index_.insert(hash, log_.reference(*item));
    items_bytes_ += said_bytes(*item);
    ++figures.total_items;
    return item;
}

stored_item* stripe::room(item_log::list l, std::size_t units, std::uint32_t now) {
    if (index_.growth() == 0) {
        if (stored_item* const item = log_.append(l, units)) return item;
    }
    const std::size_t growth = log_.growth(units);
    if (!make_room(growth, now)) return nullptr;
    if (stored_item* const item = log_.append(l, units)) return item;  // eviction may have opened a new front
    while (true) {
        if (stored_item* const item = log_.grow(l, units)) return item;
        if (!evict(now)) return nullptr;
    }
}

/// One segment stays in reserve, for what an eviction keeps.
bool stripe::make_room(std::size_t growth, std::uint32_t now) {
    while (bytes_used() + growth + index_.growth() + log_.segment_bytes() > size_bytes_) {
        if (!evict(now)) return false;
    }
    return true;
}

bool stripe::evict(std::uint32_t now) {
    const std::size_t small_target = (log_.bytes() + log_.segment_bytes()) / small_share;
    const bool from_small =
        log_.oldest(item_log::main) == item_log::none ||
        (log_.oldest(item_log::small) != item_log::none && log_.bytes(item_log::small) > small_target);
    const auto list = from_small ? item_log::small : item_log::main;
    const auto segment = log_.oldest(list);
    if (segment == item_log::none) return false;
    ghosts_.fit(index_.size());

    const std::size_t before = log_.bytes();
    log_.unlink(segment);
    bool kept_whole = false;
    log_.each(segment, [&](stored_item& item) {
        if (item.gone) return;
        if (!stays(item, !from_small, now)) return;
        if (log_.single(segment)) kept_whole = true;
        else if (!move_to_main(item)) forget(item);
    });
    if (kept_whole) log_.relink(segment, item_log::main);
    else log_.release(segment);
    fruitless_ = log_.bytes() < before ? 0 : fruitless_ + 1;
    return true;
}

/// True: the item is worth a place at the front of main. False: it is gone.
bool stripe::stays(stored_item& item, bool from_main, std::uint32_t now) noexcept {
    const bool expired = item.expires != 0 && item.expires <= now;
    if (!expired && item.uses != 0 && fruitless_ < fruitless_max) {
        item.uses = from_main ? (item.uses - 1U) & 3U : 0U;
        item.in_main = 1;
        return true;
    }
    if (expired) {
        ++figures.reclaimed;
    } else {
        ++figures.evictions;
        if (!item.fetched) ++figures.evicted_unfetched;
        if (!from_main) ghosts_.add(item.hash);
    }
    forget(item);
    return false;
}

bool stripe::move_to_main(stored_item& item) noexcept {
    const std::size_t units = stored_item::units_for(item.key_size, item.value_size);
    stored_item* to = log_.append(item_log::main, units);
    if (to == nullptr) to = log_.grow(item_log::main, units);
    if (to == nullptr) return false;
    auto* const where = index_.find(item.hash, log_.reference(item));
    std::memcpy(static_cast<void*>(to), &item, units * stored_item::unit);
    to->slack = 0;
    *where = log_.reference(*to);
    return true;
}

void stripe::forget(stored_item& item) noexcept {
    changed(item);
    items_bytes_ -= said_bytes(item);
    index_.erase(index_.find(item.hash, log_.reference(item)));
    item.gone = 1;
}

void stripe::erase(stored_item& item) noexcept {
    forget(item);
    if (!log_.forget(item)) return;
    const auto segment = log_.segment_of(item);
    log_.unlink(segment);
    log_.release(segment);
}

void stripe::keep(stored_item& item) {
    kept_changes_.erase(std::string(item.key()));  // of an older one
    if (item.kept == 0) ++kept_;
    item.kept = 1;
    keeps_.store(true, std::memory_order_relaxed);
}

void stripe::changed(stored_item& item) noexcept {
    if (item.kept == 0) return;
    item.kept = 0;
    --kept_;
    note(item, std::nullopt);
}

/// Without memory it is not noted, and the journal's comes back with the next start.
void stripe::note(stored_item& item, std::optional<std::uint32_t> expires) noexcept try {
    kept_changes_.insert_or_assign(std::string(item.key()), expires);
} catch (const std::bad_alloc&) {}

void stripe::clear() {
    if (kept_ != 0) {
        log_.each([this](stored_item& item) {
            if (item.gone == 0) changed(item);
        });
    }
    log_.clear();
    index_.clear();
    ghosts_.clear();
    items_bytes_ = 0;
}

}  // namespace freshet
