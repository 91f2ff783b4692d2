#include "store/memory/memory.hpp"

#include <freshet/error.hpp>

#include "base/bytes.hpp"
#include "protocol/conditions.hpp"
#include "protocol/exptime.hpp"
#include "protocol/item_size.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <functional>

namespace freshet {

namespace {

constexpr std::size_t stripe_bytes = std::size_t{16} << 20;
constexpr std::size_t stripes_max = 256;
constexpr std::size_t digits_max = 20;

std::size_t stripe_count(const memory_options& o) {
    const std::size_t each = std::max(stripe_bytes, o.item_size_max_bytes * 8);
    return std::clamp<std::size_t>(std::bit_floor(o.size_bytes / each + (o.size_bytes < each)), 1, stripes_max);
}

std::size_t digits(std::uint64_t n) noexcept {
    std::size_t count = 1;
    for (; n >= 10; n /= 10) ++count;
    return count;
}

}  // namespace

memory::memory(const memory_options& options)
    : options_(options), epoch_(steady::now() - seconds(2)), epoch_wall_(wall::to_time_t(wall::now()) - 2) {
    const std::size_t count = stripe_count(options);
    for (std::size_t i = 0; i < count; ++i) stripes_.push_back(std::make_unique<stripe>(options.size_bytes / count));
}

std::uint32_t memory::seconds_at(steady::time_point t) const noexcept {
    return static_cast<std::uint32_t>(std::chrono::duration_cast<seconds>(t - epoch_).count());
}

std::uint32_t memory::expiry(std::int64_t exptime, std::uint32_t now) const noexcept {
    if (exptime == 0) return 0;
    if (exptime < 0) return 1;
    if (exptime <= exptime_relative_max) return now + static_cast<std::uint32_t>(exptime);
    return exptime <= epoch_wall_ ? 1 : static_cast<std::uint32_t>(exptime - epoch_wall_);
}

bool memory::fits(std::size_t key_size, std::uint32_t flags, std::size_t value_size) const noexcept {
    return item_size(key_size, flags, value_size) <= options_.item_size_max_bytes;
}

void memory::flush_if_due(stripe& s, std::uint32_t now) {
    if (s.flush_due == 0 || s.flush_due > now) return;
    s.flush_due = 0;
    s.clear();
}

bool memory::submit(call& c) {
    const request& r = c.request;
    if (r.command == command::flush_all || r.command == command::stats) {
        answer_keyless(c);
        return true;
    }
    const std::size_t hash = std::hash<std::string_view>{}(r.key);
    stripe& s = stripe_of(hash);
    const std::uint32_t now = seconds_at(c.now);
    const std::lock_guard lock(s.mutex);
    flush_if_due(s, now);
    place at{s, static_cast<std::uint32_t>(hash), now, nullptr};
    at.item = s.find(at.hash, r.key, now);
    switch (r.command) {
        case command::get: get(at, r, c.reply); break;
        case command::touch: touch(at, r, c.reply); break;
        case command::store: store(at, r, c.reply); break;
        case command::remove: remove(at, r, c.reply); break;
        case command::arithmetic: arithmetic(at, r, c.reply); break;
        case command::inspect: inspect(at, c.reply); break;
        default: c.reply.refuse("not a command of a store"); break;
    }
    return true;
}

void memory::accessed(place& at) noexcept {
    stored_item& item = *at.item;
    item.accessed = at.now;
    item.fetched = 1;
    if (item.uses < 3) item.uses = (item.uses + 1U) & 3U;
}

void memory::describe(place& at, reply& a) noexcept {
    const stored_item& item = *at.item;
    a.flags = item.flags;
    a.cas = item.cas;
    a.ttl = ttl(item.expires, at.now);
    a.idle = at.now - item.accessed;
    a.fetched = item.fetched != 0;
    a.stale = item.stale != 0;
    a.win_sent = item.win_sent != 0;
    a.binary_key = item.binary_key != 0;
    a.size = item.value_size;
    a.size_in_memory = item.units() * stored_item::unit;
}

/// What the item's expiry is in front of the flag with that place: N and T act from left to right.
std::uint32_t memory::expiry_before(const place& at, const request& r, bool created, std::uint32_t base,
                                    unsigned flag) const noexcept {
    const unsigned vivified = created && r.vivify_place < flag ? r.vivify_place : 0;
    const unsigned touched = r.touch && r.touch_place < flag ? r.touch_place : 0;
    if (vivified > touched) return expiry(r.vivify_exptime, at.now);
    return touched != 0 ? expiry(r.exptime, at.now) : base;
}

void memory::get(place& at, const request& r, reply& a) {
    stripe& s = at.in;
    const bool created = at.item == nullptr && r.vivify;
    if (created) at.item = write(at, r.key, {});
    if (at.item == nullptr) {
        a.outcome = outcome::miss;
        ++(r.touch ? s.figures.touch_misses : s.figures.get_misses);
        return;
    }
    stored_item& item = *at.item;
    if (created) item.cas = next_cas(r);
    if (r.kept && item.cas == r.compare_cas) s.keep(item);
    const std::uint32_t expires = item.expires;
    const auto expires_before = [&](unsigned flag) { return expiry_before(at, r, created, expires, flag); };
    constexpr unsigned end = 255;
    item.expires = expires_before(end);
    if (item.expires != expires) s.touched(item);
    ++(r.touch ? s.figures.touch_hits : s.figures.get_hits);

    describe(at, a);
    a.outcome = outcome::hit;
    a.created = created;
    a.ttl = ttl(expires_before(r.ttl_place), at.now);
    const std::uint32_t at_recache = expires_before(r.recache_place);
    const bool getting_old = r.recache && !created && at_recache != 0 && at_recache < expiry(r.recache_ttl, at.now);
    a.won = r.may_win && (created || (!a.win_sent && (a.stale || getting_old)));
    if (a.won) item.win_sent = 1;
    if (r.want_value) a.value.append(item.value());
    if (!r.no_bump) accessed(at);
}

void memory::touch(place& at, const request& r, reply& a) {
    if (at.item == nullptr) {
        ++at.in.figures.touch_misses;
        a.outcome = outcome::not_found;
        return;
    }
    ++at.in.figures.touch_hits;
    at.item->expires = expiry(r.exptime, at.now);
    at.in.touched(*at.item);
    accessed(at);
    a.outcome = outcome::touched;
}

/// The value under the key, in the old item's place; flags, marks and expiry start at zero.
stored_item* memory::write(place& at, std::string_view key, std::string_view value) {
    stored_item* const item = at.in.place(at.hash, key, value.size(), at.item, at.now);
    if (item == nullptr) return nullptr;
    if (!value.empty()) std::memcpy(item->value_data(), value.data(), value.size());
    item->flags = 0;
    item->expires = 0;
    item->stale = 0;
    item->win_sent = 0;
    item->fetched = 0;
    item->binary_key = 0;
    item->accessed = at.now;
    if (!at.in.watchers.empty()) at.in.watchers.tell(at.hash, key);
    return item;
}

/// What stands in the way of storing, or nothing. `stale`: it is stored, but as stale.
std::optional<outcome> memory::objection(const stored_item* old, const request& r, bool& stale) noexcept {
    const auto no = freshet::objection(r, old != nullptr, old != nullptr ? old->cas : 0);
    if (no != outcome::exists) return no;
    stale = !grows(r) && r.invalidate && r.compare_cas != 0 && r.compare_cas < old->cas;
    return stale ? std::nullopt : no;
}

void memory::store(place& at, const request& r, reply& a) {
    stripe& s = at.in;
    stored_item* const old = at.item;
    if (r.no_room) return a.fail(errc::busy, effect::not_done, "the server");
    if (r.too_large) {
        ++s.figures.too_large;
        if (old != nullptr && !r.keep_item) s.erase(*old);
        a.outcome = outcome::too_large;
        return;
    }
    ++s.figures.sets;
    a.size = r.value.size();
    a.cas = 0;
    bool stale = false;
    if (const auto no = objection(old, r, stale)) {
        if (*no == outcome::not_found) ++s.figures.cas_misses;
        if (*no == outcome::exists) ++s.figures.cas_badval;
        a.outcome = *no;
        return;
    }
    if (r.compare && old != nullptr) ++s.figures.cas_hits;

    const bool joins = grows(r) && old != nullptr;
    std::uint32_t flags = r.flags;
    const bool win_sent = stale && old->win_sent;
    std::uint32_t expires = expiry(grows(r) ? r.vivify_exptime : r.exptime, at.now);
    if (joins) flags = old->flags;
    if (joins || stale) expires = old->expires;
    if (joins) {
        if (!fits(r.key.size(), flags, old->value_size + r.value.size())) {
            a.outcome = outcome::not_stored;
            return;
        }
        thread_local bytes joined;  // making room may move the old value
        joined.clear();
        joined.append(r.mode == store_mode::append ? old->value() : r.value);
        joined.append(r.mode == store_mode::append ? r.value : old->value());
        at.item = write(at, r.key, joined.view());
        joined.release(std::size_t{64} << 10);
    } else {
        at.item = write(at, r.key, r.value);
    }
    if (at.item == nullptr) {
        a.fail(errc::out_of_memory, effect::not_done, {});
        return;
    }
    at.item->flags = flags;
    at.item->expires = expires;
    at.item->stale = stale;
    at.item->win_sent = win_sent;
    at.item->binary_key = r.binary_key && !joins;
    at.item->cas = next_cas(r);
    if (r.kept) s.keep(*at.item);
    a.outcome = outcome::stored;
    a.cas = at.item->cas;
    a.size = at.item->value_size;
}

void memory::remove(place& at, const request& r, reply& a) {
    stripe& s = at.in;
    if (at.item == nullptr) {
        ++s.figures.delete_misses;
        a.outcome = outcome::not_found;
        return;
    }
    if (r.compare && r.compare_cas != at.item->cas) {
        ++s.figures.delete_misses;
        a.outcome = outcome::exists;
        return;
    }
    a.outcome = outcome::deleted;
    if (!r.drop_value && !r.invalidate) {
        ++s.figures.delete_hits;
        s.erase(*at.item);
        return;
    }
    if (r.drop_value) {
        const std::uint64_t cas = r.assign ? r.assign_cas : at.item->cas;
        at.item = write(at, r.key, {});
        if (at.item == nullptr) {
            a.fail(errc::out_of_memory, effect::not_done, {});
            return;
        }
        at.item->cas = cas;
        at.item->flags = r.flags;
    }
    if (r.touch) at.item->expires = expiry(r.exptime, at.now);
    s.changed(*at.item);
    if (r.invalidate) {
        at.item->stale = 1;
        at.item->win_sent = 0;
        at.item->cas = next_cas(r);
    }
}

void memory::arithmetic(place& at, const request& r, reply& a) {
    stripe& s = at.in;
    const bool created = at.item == nullptr;
    std::uint32_t expires = 0;  // as the flags t, T and N see it
    bool moved = created;       // into a new item
    if (created) {
        if (!r.vivify) {
            ++(r.decrement ? s.figures.decr_misses : s.figures.incr_misses);
            a.outcome = outcome::not_found;
            return;
        }
        a.number = r.initial;
        if (!write_counter(at, r, a)) return;
    } else {
        const std::string_view old = at.item->value();
        if (const auto no = count(r, at.item->flags, at.item->cas, old, a.number)) {
            a.outcome = *no;
            return;
        }
        ++(r.decrement ? s.figures.decr_hits : s.figures.incr_hits);
        expires = at.item->expires;
        const std::uint32_t flags = at.item->flags;
        moved = digits(a.number) > old.size();
        if (!write_counter(at, r, a)) return;
        if (moved) {
            at.item->flags = flags;
            at.item->expires = expires;
        }
    }
    // A number that grows into a new item is answered as if T and E had acted, and keeps neither, as memcached's.
    const bool kept = created || !moved;
    at.item->cas = kept ? next_cas(r) : next_cas();
    if (kept) at.item->expires = expiry_before(at, r, created, expires, 255);
    describe(at, a);
    if (r.assign) a.cas = r.assign_cas;
    a.ttl = ttl(expiry_before(at, r, created, expires, r.ttl_place), at.now);
    a.created = created;
    a.outcome = outcome::number;
}

/// A counter that does not grow stays where it is and keeps its length, as memcached's.
bool memory::write_counter(place& at, const request& r, reply& a) {
    char text[digits_max];
    const auto size = static_cast<std::size_t>(std::to_chars(text, text + digits_max, a.number).ptr - text);
    if (at.item != nullptr && size <= at.item->value_size) {
        at.in.changed(*at.item);
        std::memcpy(at.item->value_data(), text, size);
        std::memset(at.item->value_data() + size, ' ', at.item->value_size - size);
        if (!at.in.watchers.empty()) at.in.watchers.tell(at.hash, r.key);
        return true;
    }
    at.item = write(at, r.key, {text, size});
    if (at.item == nullptr) a.fail(errc::out_of_memory, effect::not_done, {});
    return at.item != nullptr;
}

void memory::inspect(place& at, reply& a) {
    if (at.item == nullptr) {
        a.outcome = outcome::miss;
        return;
    }
    describe(at, a);
    a.outcome = outcome::inspected;
}

void memory::flush_all(steady::time_point now, seconds delay) {
    const std::uint32_t t = seconds_at(now);
    for (auto& s : stripes_) {
        const std::lock_guard lock(s->mutex);
        if (delay.count() <= 0) {
            s->flush_due = 0;
            s->clear();
        } else {
            s->flush_due = t + delay.count();
        }
    }
}

void memory::take_kept_changes(const kept_change& tell) {
    const std::uint32_t now = seconds_at(steady::now());
    for (auto& s : stripes_) {
        if (!s->keeps_any()) continue;
        stripe::kept_changes changes;
        {
            const std::lock_guard lock(s->mutex);
            flush_if_due(*s, now);
            changes = s->take_kept_changes();
        }
        for (auto& [key, expires] : changes) {
            if (!expires) tell(key, std::nullopt);
            else tell(key, *expires == 0 ? wall::time_point{} : wall::from_time_t(epoch_wall_ + *expires));
        }
    }
}

bool memory::has_kept(std::string_view key) {
    const std::size_t hash = std::hash<std::string_view>{}(key);
    stripe& s = stripe_of(hash);
    const std::lock_guard lock(s.mutex);
    const stored_item* const item = s.find(static_cast<std::uint32_t>(hash), key, seconds_at(steady::now()));
    return item != nullptr && item->kept != 0;
}

std::size_t memory::bytes_used() const {
    std::size_t sum = 0;
    for (const auto& s : stripes_) {
        const std::lock_guard lock(s->mutex);
        sum += s->bytes_used();
    }
    return sum;
}

std::unique_ptr<memory_store> make_memory_store(const memory_options& options) {
    return std::make_unique<memory>(options);
}

}  // namespace freshet
