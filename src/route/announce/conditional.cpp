#include "route/announce/conditional.hpp"

#include "protocol/conditions.hpp"
#include "protocol/exptime.hpp"
#include "protocol/item_size.hpp"

#include <string_view>

namespace freshet {

namespace {

wall::time_point expiry_left(const reply& found, wall::time_point now) noexcept {
    return found.ttl < 0 ? wall::time_point{} : now + seconds(found.ttl);
}

void join(const request& r, bool there, const reply& found, wall::time_point now, becoming& to) {
    to.flags = r.flags;
    to.expires = expiry_of(grows(r) ? r.vivify_exptime : r.exptime, now);
    if (!grows(r) || !there) {
        to.value.assign(r.value);
        return;
    }
    const std::string_view old = found.data();
    to.flags = found.flags;
    to.expires = expiry_left(found, now);
    to.value.assign(r.mode == store_mode::append ? old : r.value);
    to.value.append(r.mode == store_mode::append ? r.value : old);
}

/// Where the flag t stands: N and T act from left to right.
std::int64_t shown_ttl(const request& r, std::int64_t before, bool created, wall::time_point now) noexcept {
    const unsigned vivified = created && r.vivify_place < r.ttl_place ? r.vivify_place : 0;
    const unsigned touched = r.touch && r.touch_place < r.ttl_place ? r.touch_place : 0;
    if (vivified == touched) return before;
    const auto expires = expiry_of(vivified > touched ? r.vivify_exptime : r.exptime, now);
    return expires == wall::time_point{} ? -1 : std::chrono::floor<seconds>(expires - now).count();
}

std::optional<outcome> become_number(const request& r, bool there, const reply& found, wall::time_point now,
                                     becoming& to) {
    if (!there) {
        if (!r.vivify) return outcome::not_found;
        to.number = r.initial;
        to.value = std::to_string(to.number);
        to.expires = expiry_of(r.touch && r.touch_place > r.vivify_place ? r.exptime : r.vivify_exptime, now);
        to.ttl = shown_ttl(r, -1, true, now);
        return {};
    }
    const std::string_view old = found.data();
    if (const auto no = count(r, found.flags, found.cas, old, to.number)) return no;
    to.value = std::to_string(to.number);
    if (to.value.size() < old.size()) to.value.resize(old.size(), ' ');  // it keeps its length
    to.flags = found.flags;
    // A number that grows is answered as if T had acted, and keeps its time, as memcached's.
    const bool touched = r.touch && to.value.size() == old.size();
    to.expires = touched ? expiry_of(r.exptime, now) : expiry_left(found, now);
    to.ttl = shown_ttl(r, found.ttl, false, now);
    return {};
}

}  // namespace

bool is_conditional(const request& r) noexcept {
    if (r.too_large) return false;  // whatever was there is deleted
    if (r.command == command::store) return r.mode != store_mode::set || r.compare;
    return r.command == command::arithmetic || (r.command == command::remove && r.compare);
}

bool needs_value(const request& r) noexcept {
    return r.command == command::arithmetic || (r.command == command::store && grows(r));
}

std::optional<outcome> work_out(const request& r, const reply& found, std::size_t item_size_max, wall::time_point now,
                                becoming& to) {
    const bool there = found.outcome == outcome::hit;
    to.kind = change_kind::set;
    to.flags = 0;
    to.created = r.command == command::arithmetic && !there;
    if (r.command == command::remove) {
        if (!there) return outcome::not_found;
        if (r.compare_cas != found.cas) return outcome::exists;
        to.kind = change_kind::remove;
        return {};
    }
    if (r.command == command::arithmetic) return become_number(r, there, found, now, to);
    if (const auto no = objection(r, there, found.cas)) return no;
    join(r, there, found, now, to);
    if (item_size(r.key.size(), to.flags, to.value.size()) <= item_size_max) return {};
    return grows(r) ? outcome::not_stored : outcome::too_large;
}

}  // namespace freshet
