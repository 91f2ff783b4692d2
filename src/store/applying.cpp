#include "store/applying.hpp"

#include "base/escape.hpp"
#include "base/whole_number.hpp"
#include "protocol/exptime.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>

namespace freshet {

namespace {

constexpr std::int64_t exptime_date_max = std::numeric_limits<std::int32_t>::max();  ///< of memcached: January 2038

/// As meta commands, which tell a server of versions; a key with blanks goes as base64.
void set_form(sub_call& c, char verb) {
    c.wanted.dialect = dialect::meta;
    c.wanted.verb = verb;
    c.wanted.base64 = has_blank_or_control(c.request.key);
    c.request.binary_key = c.wanted.base64;
}

/// Seconds from now, which no clock of a server can move; or a date, where they are more than it takes for that.
std::int64_t exptime_of(wall::time_point expires) noexcept {
    if (expires == wall::time_point{}) return 0;
    const std::int64_t left = std::chrono::round<seconds>(expires - wall::now()).count();
    if (left <= 0) return -1;
    if (left <= exptime_relative_max) return left;
    const std::int64_t date = wall::to_time_t(std::chrono::floor<seconds>(expires));
    return std::clamp(date, exptime_relative_max + 1, exptime_date_max);
}

}  // namespace

std::optional<version> version_found(const reply& a) noexcept {
    switch (a.outcome) {
        case outcome::miss: return 0;
        case outcome::inspected:
        case outcome::hit: return a.cas != 0 ? std::optional(a.cas) : std::nullopt;  // of a server that keeps none
        case outcome::text: break;
        default: return std::nullopt;
    }
    std::string_view line = a.data();
    if (line.starts_with("EN\r\n")) return 0;
    constexpr std::string_view cas = " cas=";
    const std::size_t at = line.starts_with("ME ") ? line.rfind(cas) : line.npos;
    if (at == line.npos) return std::nullopt;
    line.remove_prefix(at + cas.size());
    const auto number = take_whole_number<std::uint64_t>(line);
    return number == 0U ? std::nullopt : number;
}

void look_for_version(sub_call& c, std::string_view key) {
    c.request.command = command::inspect;
    c.request.key = key;
    c.wanted.dialect = dialect::meta_inspect;
    c.wanted.base64 = has_blank_or_control(key);
}

void ask_step(sub_call& c, applying_step what, const told_change& change, version seen, seconds tombstone) {
    request& r = c.request;
    r = {};
    c.wanted = {};
    if (what == applying_step::look) return look_for_version(c, change.key);
    r.key = change.key;
    r.assign = what != applying_step::remove_older;
    r.assign_cas = change.what.version;
    switch (what) {
        case applying_step::put_over:
        case applying_step::put_anew:
            r.command = command::store;
            r.value = change.value;
            r.flags = change.flags;
            r.exptime = exptime_of(change.item_expires);
            break;
        case applying_step::mark:
            r.command = command::store;
            r.flags = tombstone_flags;
            r.exptime = tombstone.count();
            break;
        case applying_step::bury:
        case applying_step::bury_mark:
            r.command = command::remove;
            r.invalidate = true;
            r.drop_value = what == applying_step::bury;
            r.flags = r.drop_value ? tombstone_flags : 0;
            r.touch = true;
            r.exptime = tombstone.count();
            break;
        case applying_step::remove_older: r.command = command::remove; break;
        case applying_step::look: break;
    }
    if (what == applying_step::put_anew || what == applying_step::mark) {
        r.mode = store_mode::add;
    } else {
        r.compare = true;
        r.compare_cas = what == applying_step::bury_mark ? change.what.version : seen;
    }
    set_form(c, r.command == command::store ? 's' : 'd');
}

bool applying::begin(shard& home, store& to, const told_change& what, seconds tombstone, version end, bool expected) {
    to_ = &to;
    what_ = what;
    tombstone_ = tombstone;
    end_ = end;
    asked_.home = &home;
    too_large_ = false;
    state_ = state::under_way;
    // What has expired leaves its version, as a deleted key does.
    if (is_over(what)) what_.what.kind = change_kind::remove;
    rules_.emplace(what_.what, end_, expected);
    return go_on();
}

bool applying::is_outlived() const noexcept { return time_of(what_.what.version) + tombstone_ <= wall::now(); }

/// True: it is over.
bool applying::go_on() {
    for (;;) {
        const auto next = rules_->step(is_outlived());
        if (!next) {
            state_ = state::done;
            return true;
        }
        asked_for_ = *next;
        ask_step(asked_, *next, what_, rules_->seen(), tombstone_);
        asked_.reply.reset();
        asked_.now = asked_.home->now();
        asking_ = submitting_ = true;
        start(*to_, asked_, *this);
        submitting_ = false;
        if (asking_) return false;
        if (!take_answer(*next)) return true;
    }
}

bool applying::on_reply(call&) {
    asking_ = false;
    if (submitting_) return true;
    if (!take_answer(asked_for_) || go_on()) on_applied();
    return false;
}

/// False: the store has failed.
bool applying::take_answer(applying_step asked) {
    const reply& a = asked_.reply;
    if (asked == applying_step::look) {
        if (const auto found = version_found(a)) {
            rules_->take(*found == 0 ? applying_answer::absent : applying_answer::present, *found);
            return true;
        }
    }
    switch (a.outcome) {
        case outcome::stored:
        case outcome::deleted: rules_->take(applying_answer::done); return true;
        case outcome::exists: rules_->take(applying_answer::changed); return true;
        case outcome::not_found: rules_->take(applying_answer::absent); return true;
        case outcome::not_stored: rules_->take(applying_answer::present); return true;
        case outcome::too_large:  // so what was there is gone, and what is older must not come
            too_large_ = true;
            what_.what.kind = change_kind::remove;
            rules_.emplace(what_.what, end_);
            return true;
        case outcome::failed: why_ = a.why; break;
        default: why_ = {errc::wrong_answer, effect::maybe_done, "the store"}; break;
    }
    state_ = state::failed;
    return false;
}

}  // namespace freshet
