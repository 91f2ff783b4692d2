#include "unit/version/world.hpp"

#include <freshet/time.hpp>

#include "version/version.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace freshet::test {

namespace {

const wall::time_point origin{milliseconds{1'800'000'000'000}};
/// The second process of the first site is behind; the other two have the same time.
constexpr std::array<milliseconds, 3> clocks{milliseconds{20}, milliseconds{10}, milliseconds{20}};
constexpr milliseconds age{1'000};  ///< of a tombstone
constexpr version unversioned = 5;
constexpr std::size_t value_at_first = 9;

std::string short_of(version v) {
    if (v < lowest_version) return std::to_string(v);
    const auto ms = (time_of(v) - origin) / milliseconds{1};
    return fmt::format("{}.{}.{}", ms, (v >> node_bits) & ((1U << counter_bits) - 1), node_of(v));
}

version short_number(version v) { return v < lowest_version ? v : v - version_at(origin) + 10; }

std::string_view name_of(deed d) {
    switch (d) {
        case deed::set: return "set";
        case deed::remove: return "delete";
        case deed::add: return "add";
    }
    return {};
}

}  // namespace

world::world(const rules& by, std::vector<wish> wishes, const misfortunes& may_happen, bool key_is_there)
    : by_(by), wishes_(std::move(wishes)) {
    first_.left = may_happen;
    for (site& s : first_.at) {
        if (key_is_there) s.it = {item::kind::value, unversioned, value_at_first};
    }
}

std::optional<std::string> world::find_broken_promise() {
    if (!explore(first_)) return std::nullopt;
    return trace_;
}

// ---- every order

bool world::explore(const state& s) {
    if (!known_.insert(fingerprint(s)).second) return false;
    if (ended(s)) {
        if (const auto why = broken_at_the_end(s)) return broken(*why);
    }
    for (std::size_t p = 0; p < processes; ++p) {
        if (write(s, p)) return true;
    }
    for (std::size_t where = 0; where < sites; ++where) {
        if (consume(s, where)) return true;
    }
    return go_wrong(s);
}

bool world::then(const state& next, const std::string& happened) {
    path_.push_back(happened);
    const bool found = explore(next);
    path_.pop_back();
    return found;
}

bool world::broken(const std::string& promise) {
    trace_.clear();
    for (const std::string& step : path_) trace_ += step + "\n";
    trace_ += "BROKEN: " + promise;
    return true;
}

bool world::ended(const state& s) const {
    for (std::size_t p = 0; p < processes; ++p) {
        if (s.of[p].busy || wish_of(s, p) != nullptr) return false;
    }
    return std::all_of(s.at.begin(), s.at.end(), [&](const site& at) { return at.next == s.told.size(); });
}

std::optional<std::string> world::broken_at_the_end(const state& s) const {
    if (s.told.empty()) return std::nullopt;
    const auto older = [](const told_change& a, const told_change& b) { return a.what.version < b.what.version; };
    const told_change& newest = *std::max_element(s.told.begin(), s.told.end(), older);
    const bool in_order = std::is_sorted(s.told.begin(), s.told.end(), older);
    for (std::size_t where = 0; where < sites; ++where) {
        const site& at = s.at[where];
        if (at.ahead || (at.lost && (!in_order || at.overtaken))) continue;
        const bool readable = at.it.is == item::kind::value;
        if (newest.what.kind == change_kind::remove) {
            if (readable) return fmt::format("site {} has a value, and the newest change is a delete", where);
        } else if (!readable) {
            if (!at.lost) return fmt::format("site {} has lost the newest value", where);
        } else if (at.it.at != newest.what.version || at.it.value != newest.value) {
            return fmt::format("site {} has value {}, the newest is {}", where, at.it.value, newest.value);
        }
    }
    const auto plain = [](const site& at) { return at.it.is == item::kind::value && !at.ahead && !at.lost; };
    if (plain(s.at[0]) && plain(s.at[1]) && s.at[0].it.value != s.at[1].it.value) return "the sites have two values";
    return std::nullopt;
}

// ---- writing

const wish* world::wish_of(const state& s, std::size_t p) const {
    std::size_t mine = 0;
    for (const wish& w : wishes_) {
        if (w.process == p && mine++ == s.of[p].wish) return &w;
    }
    return nullptr;
}

bool world::write(const state& s, std::size_t p) {
    const wish* const w = wish_of(s, p);
    if (w == nullptr) return false;
    state next = s;
    process& me = next.of[p];
    site& here = next.at[site_of(p)];
    const bool conditional = w->what == deed::add && by_.applied_before_told;
    if (!me.busy) {
        me.busy.emplace(conditional ? writing_kind::conditional : writing_kind::blind);
        me.answered = here.answered;
        return then(next, fmt::format("process {} begins to {}", p, name_of(w->what)));
    }
    writing_step step = me.busy->step();
    if (!by_.told_before_applied && !conditional && step == writing_step::tell && me.own != 0 && !me.applying)
        step = writing_step::apply;
    std::string happened = fmt::format("process {} ", p);
    switch (step) {
        case writing_step::look: {
            me.seen = here.it.at;
            const bool refused = w->what == deed::add && here.it.is == item::kind::value;
            me.busy->take(refused ? writing_event::refused : writing_event::done);
            if (refused) me.own = 0;
            happened += "looks and sees " + short_of(me.seen);
            break;
        }
        case writing_step::number: {
            const auto wrong = number(next, p);
            happened += "takes version " + short_of(me.own);
            if (wrong) {
                path_.push_back(happened);
                return broken(*wrong);
            }
            me.busy->take(writing_event::done);
            break;
        }
        case writing_step::tell:
            tell(next, p);
            me.busy->take(writing_event::done);
            happened += "tells " + short_of(me.own);
            // the rule that is taken out: it was applied already
            if (!by_.told_before_applied && !conditional) me.busy->take(writing_event::done);
            break;
        case writing_step::apply: {
            const bool over =
                apply(here, me.applying, {change_of(next, p), p + 10 * me.wish, site_of(p), me.old}, false);
            happened += over ? "has applied " + short_of(me.own) : "applies a step";
            const auto own = [&](const told_change& c) { return c.what.version == me.own; };
            const auto told = std::find_if(next.told.begin(), next.told.end(), own) - next.told.begin();
            here.overtaken = here.overtaken || static_cast<std::size_t>(told) < here.next;
            if (!over) break;
            if (me.busy->step() == writing_step::apply) {
                me.applying.reset();
                me.busy->take(writing_event::done);
            }
            break;
        }
        case writing_step::put:
            me.busy->take(put(next, p));
            happened += "puts over " + short_of(me.seen);
            break;
        case writing_step::answer: {
            const auto wrong = answer(next, p);
            happened += me.own != 0 ? "answers" : "refuses";
            if (wrong) {
                path_.push_back(happened);
                return broken(*wrong);
            }
            const version known = std::max(me.known, me.own);
            me = process{.last = me.last, .known = known, .wish = me.wish + 1};
            break;
        }
    }
    return then(next, happened);
}

std::optional<std::string> world::number(state& s, std::size_t p) const {
    process& me = s.of[p];
    const version above = std::max(me.last, by_.above_what_is_there ? me.seen : version{0});
    const unsigned node = by_.node_in_version ? static_cast<unsigned>(p) + 1 : 0;
    me.own = me.last = version_above(above, origin + clocks[p] + s.aged, node);
    if (me.own <= me.known)
        return fmt::format("{} is not above {}, which is known here", short_of(me.own), short_of(me.known));
    if (s.at[site_of(p)].lost || me.own > me.answered) return std::nullopt;
    return fmt::format("{} is not above {}, which was answered before it began", short_of(me.own),
                       short_of(me.answered));
}

change world::change_of(const state& s, std::size_t p) const {
    const bool removes = wish_of(s, p)->what == deed::remove;
    return {removes ? change_kind::remove : change_kind::set, s.of[p].own, s.of[p].seen};
}

void world::tell(state& s, std::size_t p) const {
    s.told.push_back({change_of(s, p), p + 10 * s.of[p].wish, site_of(p), s.of[p].old});
}

writing_event world::put(state& s, std::size_t p) const {
    process& me = s.of[p];
    item& it = s.at[site_of(p)].it;
    const bool as_seen = (it.is == item::kind::absent ? 0 : it.at) == me.seen;
    if (!as_seen && by_.over_what_was_seen) return writing_event::changed;
    it = {item::kind::value, me.own, p + 10 * me.wish};
    return writing_event::done;
}

std::optional<std::string> world::answer(state& s, std::size_t p) const {
    const process& me = s.of[p];
    site& here = s.at[site_of(p)];
    if (me.own == 0) return std::nullopt;
    here.answered = std::max(here.answered, me.own);
    const bool older = here.it.at < me.own;
    const bool readable = here.it.is == item::kind::value;
    const bool wrong = wish_of(s, p)->what == deed::remove ? readable && older : older;
    if (!here.lost && !me.old && wrong)
        return fmt::format("process {} answers, and its site has {}", p, short_of(here.it.at));
    const bool removes =
        std::any_of(wishes_.begin(), wishes_.end(), [](const wish& w) { return w.what == deed::remove; });
    if (wish_of(s, p)->what == deed::add && ++here.adds > 1 && !here.lost && !removes)
        return "two have added a key that nobody has removed";
    return std::nullopt;
}

// ---- applying

applying_answer world::ask(site& to, applying_step what, version seen, const told_change& c, version& found) const {
    using answer = applying_answer;
    item& it = to.it;
    const bool absent = it.is == item::kind::absent;
    const bool other = it.at != seen && by_.over_what_was_seen;
    const version v = c.what.version;
    switch (what) {
        case applying_step::look:
            if (absent) return answer::absent;
            found = by_.only_newer_is_applied ? it.at : std::min(it.at, v - 1);
            return answer::present;
        case applying_step::put_over:
            if (absent) return answer::absent;
            if (other && by_.only_newer_is_applied) return answer::changed;
            it = {item::kind::value, v, c.value};
            return answer::done;
        case applying_step::put_anew:
            if (!absent) return answer::present;
            it = {item::kind::value, v, c.value};
            return answer::done;
        case applying_step::bury:
            if (absent) return answer::absent;
            if (other && by_.only_newer_is_applied) return answer::changed;
            it = by_.tombstones ? item{item::kind::tombstone, v} : item{};
            return answer::done;
        case applying_step::mark:
            if (!absent) return answer::present;
            if (by_.tombstones_of_nothing) it = {item::kind::marked, v};
            return answer::done;
        case applying_step::bury_mark:
            if (it.at != v) return absent ? answer::absent : answer::changed;
            it.is = item::kind::tombstone;
            return answer::done;
        case applying_step::remove_older:
            if (absent) return answer::absent;
            if (other) return answer::changed;
            it = {};
            return answer::done;
    }
    return answer::done;
}

bool world::apply(site& to, std::optional<application>& how, const told_change& c, bool expected) const {
    if (!how) how.emplace(c.what, version_end, expected);
    const bool outlived = c.old && by_.old_sets_are_deletes;
    if (const auto what = how->step(outlived)) {
        version found = 0;
        const applying_answer said = ask(to, *what, how->seen(), c, found);
        how->take(said, found);
    }
    if (how->step(outlived)) return false;
    if (how->result() == applied::too_old) to.lost = true;
    return true;
}

bool world::consume(const state& s, std::size_t where) {
    if (s.at[where].next == s.told.size()) return false;
    state next = s;
    site& at = next.at[where];
    const told_change& c = next.told[at.next];
    process& by = next.of[consumer_of(where)];
    const bool own = c.site == where && !by_.own_changes_are_consumed;
    const bool over = own || apply(at, at.applying, c, c.site == where);
    std::string happened =
        fmt::format("site {} {} {}", where, over ? "has applied" : "applies a step of", short_of(c.what.version));
    if (over) {
        if (by_.above_what_was_consumed) by.last = std::max(by.last, c.what.version);
        by.known = std::max(by.known, c.what.version);
        at.applying.reset();
        ++at.next;
    }
    return then(next, happened);
}

// ---- what goes wrong

bool world::go_wrong(const state& s) {
    for (std::size_t p = 0; s.left.crashes > 0 && p < processes; ++p) {
        state next = s;
        --next.left.crashes;
        process& me = next.of[p];
        site& here = next.at[site_of(p)];
        if (me.busy && me.busy->step() == writing_step::tell && wish_of(s, p)->what == deed::add &&
            by_.applied_before_told)
            here.ahead = true;
        me = process{
            .last = by_.clock_outlives_a_crash ? me.last : 0, .known = me.known, .wish = me.wish + (me.busy ? 1 : 0)};
        if (consumer_of(site_of(p)) == p) {
            here.applying.reset();
            here.next -= here.next != 0 ? 1 : 0;
        }
        if (then(next, fmt::format("process {} crashes", p))) return true;
    }
    for (std::size_t where = 0; where < sites; ++where) {
        const site& at = s.at[where];
        if (s.left.evictions > 0 && at.it.is != item::kind::absent) {
            state next = s;
            --next.left.evictions;
            next.at[where].it = {};
            next.at[where].lost = true;
            if (then(next, fmt::format("site {} evicts", where))) return true;
        }
        if (s.left.redeliveries > 0 && at.next != 0 && !at.applying) {
            state next = s;
            --next.left.redeliveries;
            --next.at[where].next;
            if (then(next, fmt::format("site {} is handed the last change again", where))) return true;
        }
    }
    if (s.left.ages == 0) return false;
    state next = s;
    --next.left.ages;
    next.aged += age;
    for (site& at : next.at) {
        if (at.it.is == item::kind::tombstone || at.it.is == item::kind::marked) at.it = {};
    }
    for (told_change& c : next.told) c.old = true;
    for (process& me : next.of) me.old = me.old || me.own != 0;
    return then(next, "all tombstones end");
}

std::string world::fingerprint(const state& s) {
    std::string all;
    all.reserve(256);
    const auto add = [&all](auto... numbers) {
        const auto one = [&all](std::uint64_t number) {
            for (; number >= 128; number >>= 7) all.push_back(static_cast<char>(number | 128));
            all.push_back(static_cast<char>(number));
        };
        (one(static_cast<std::uint64_t>(numbers)), ...);
    };
    const auto add_application = [&](std::optional<application> how) {
        add(how.has_value());
        if (!how) return;
        const auto step = how->step(false);
        add(step ? static_cast<int>(*step) : 99, short_number(how->seen()));
    };
    for (const site& at : s.at) {
        add(at.it.is, short_number(at.it.at), at.it.value, short_number(at.answered), at.lost, at.overtaken, at.ahead,
            at.adds, at.next);
        add_application(at.applying);
    }
    for (const process& me : s.of) {
        add(short_number(me.last), short_number(me.known), me.wish, me.busy ? static_cast<int>(me.busy->step()) : 99,
            short_number(me.seen), short_number(me.own), short_number(me.answered), me.old);
        add_application(me.applying);
    }
    for (const told_change& c : s.told) add(short_number(c.what.version), c.value, c.old);
    add(s.left.crashes, s.left.evictions, s.left.redeliveries, s.left.ages);
    return all;
}

}  // namespace freshet::test
