#include "route/announce/announce_store.hpp"

#include "base/escape.hpp"
#include "protocol/exptime.hpp"
#include "protocol/reply.hpp"
#include "protocol/request.hpp"

#include <spdlog/spdlog.h>

#include <memory>
#include <utility>

namespace freshet {

namespace {

constexpr std::size_t told_late_at_once = 8'192;  ///< in one tick; the others in the next

/// A deleted key is a miss to whoever reads.
void hide_tombstone(reply& a) noexcept {
    if (a.outcome != outcome::hit || (!a.stale && !is_tombstone(a))) return;
    a.reset();
    a.outcome = outcome::miss;
}

/// It may be told when the store that pushed it has gone.
struct : step {
    bool on_reply(call& c) override {
        if (!c.request.vivify) hide_tombstone(c.reply);
        return true;
    }
} tombstone_hider;

/// Why a client may not ask so, or an empty text.
std::string_view refusal_of(const request& r) noexcept {
    if (r.assign) return "E: on a route with publish Freshet gives the versions";
    if (r.invalidate || r.drop_value)
        return "I and x: a key of a route with publish is there, or it is deleted at every site";
    return {};
}

bool is_plain_set(const errand& e) noexcept {
    return e.what == errand::kind::write && e.asked.command == command::store && !is_conditional(e.asked);
}

/// What is answered by what is there waits for the write before it. A set does not, unless that has no version yet, and
/// would take a newer one; and it does not overtake what reads.
bool waits_for(const errand& e, const errand& earlier) noexcept {
    return !is_plain_set(e) || earlier.what != errand::kind::write || is_conditional(earlier.asked) ||
           earlier.given == 0 || earlier.changed_here;
}

bool writes(const request& r) noexcept {
    return r.command == command::store || r.command == command::remove || r.command == command::arithmetic;
}

}  // namespace

errand* client_writes::last(std::string_view key) noexcept {
    const auto behind = writes.upper_bound(key, by_key());
    if (behind == writes.begin()) return nullptr;
    errand& e = *std::prev(behind);
    return e.key() == key ? &e : nullptr;
}

bool errand::asker::on_reply(call&) {
    of.asking = false;
    if (of.submitting) return true;
    if (of.owner != nullptr) of.owner->replied(of);
    else if (!of.in_use()) delete &of;
    return false;
}

void errand::finish() {
    lent = false;
    if (owner != nullptr) owner->published(*this);
    else if (!in_use()) delete this;
}

void errand::on_applied() {
    if (owner != nullptr) owner->applied(*this);
    else if (!in_use()) delete this;
}

void errand::abandon(call&) { owner->abandoned(*this); }

announce_store::announce_store(shard& home, store& behind, queue& to, kept_clock& clock, announce_options options)
    : home_(home), behind_(behind), to_(to), clock_(clock), options_(std::move(options)), free_(home) {}

announce_store::~announce_store() {
    starting_ = true;  // what waits for others does not begin any more
    while (!waiting_.empty()) {
        errand& e = waiting_.first();
        e.of->reply.fail(errc::stopping, effect::maybe_done, "the server");
        answer(e);
    }
    while (!all_.empty()) {
        errand& e = all_.front();
        all_.pop_front();
        home_.memory().subtract(std::exchange(e.counted_bytes, 0));
        e.owner = nullptr;
        if (!e.in_use()) delete &e;
    }
    if (ticking_) home_.remove(*this);
}

bool announce_store::submit(call& c) {
    const request& r = c.request;
    if (const auto why = refusal_of(r); !why.empty()) {
        c.reply.refuse(why);
        return true;
    }
    if (writes(r)) return begin(c, errand::kind::write);
    const bool changes_its_time = r.command == command::touch || (r.command == command::get && r.touch && !r.vivify);
    if (changes_its_time || r.command == command::inspect) return begin(c, errand::kind::checked);
    if (c.client != nullptr) {
        auto* const mine = c.client->find<client_writes>();
        if (mine != nullptr && mine->last(r.key) != nullptr) return begin(c, errand::kind::read);
    }
    return read(c);
}

bool announce_store::read(call& c) {
    c.push(tombstone_hider);
    if (!behind_.submit(c)) return false;
    c.pop();
    return tombstone_hider.on_reply(c);
}

/// True: it is answered.
bool announce_store::begin(call& c, errand::kind what) {
    const request& r = c.request;
    if (r.no_room || (what == errand::kind::write && home_.memory().is_tight())) {
        home_.memory().note_refusal();
        c.reply.fail(errc::busy, effect::not_done, "the server");
        return true;
    }
    if (r.too_large && r.keep_item) {
        c.reply.outcome = outcome::too_large;
        return true;
    }
    errand& e = make_errand(c, what);
    errand* const earlier = c.client == nullptr ? nullptr : c.client->of<client_writes>().last(r.key);
    if (c.client != nullptr) c.client->of<client_writes>().writes.insert(e);
    c.holder = &e;
    waiting_.add(e);
    wake();
    if (earlier != nullptr && waits_for(e, *earlier)) {
        earlier->behind.push_back(e);
        e.waits_for = earlier;
        return false;
    }
    bool answered = false;
    e.answered_at_once = &answered;
    run(e);
    if (!answered) e.answered_at_once = nullptr;
    return answered;
}

errand& announce_store::make_errand(call& c, errand::kind what) {
    const request& r = c.request;
    errand& e = *free_.take().release();
    all_.push_back(e);
    e.owner = this;
    e.home = &home_;
    e.of = &c;
    e.what = what;
    e.own.copy(c);
    e.own.deadline = steady::time_point::max();
    e.asked = e.own.request;
    e.wanted = e.own.wanted;
    e.noreply = c.form->noreply;
    e.rules = writing(is_conditional(r) ? writing_kind::conditional : writing_kind::blind);
    e.operand.assign(is_conditional(r) ? r.value : std::string_view());
    e.asked.value = e.operand;
    e.becomes = {};
    e.unsure = e.changed_here = false;
    e.waits_for = nullptr;
    e.message.body.assign(is_conditional(r) ? std::string_view() : r.value);
    e.message.id.clear();
    e.seen = e.given = 0;
    e.until = options_.patient ? steady::time_point::max() : c.now + to_.options().confirm_within;
    e.counted_bytes = e.asked_size = r.value.size();
    home_.memory().add(e.counted_bytes);
    return e;
}

void announce_store::run(errand& e) {
    if (e.what == errand::kind::write) write(e);
    else pass(e);
}

/// What is no write goes to the store as it is; what is there is looked at first, where a tombstone would be no miss.
void announce_store::pass(errand& e) {
    if (e.what == errand::kind::checked) {
        if (!look(e) || !looked(e)) return;
    }
    if (ask_as_client(e)) passed(e);
}

bool announce_store::ask_as_client(errand& e) {
    e.own.request = e.asked;
    e.own.wanted = e.wanted;
    return ask(e);
}

void announce_store::passed(errand& e) {
    if (!e.asked.vivify) hide_tombstone(e.own.reply);
    if (e.of != nullptr) std::swap(e.own.reply, e.of->reply);
    if (bury_what_is_over(e)) give(e);
}

void announce_store::give(errand& e) {
    answer(e);
    end(e);
}

/// What was given no time to live any more leaves its version: a change of before may still be on its way here, or have
/// been put in anew behind the end. True: there is nothing to wait for.
bool announce_store::bury_what_is_over(errand& e) {
    told_change c;
    c.key = e.key();
    c.what = {change_kind::remove, e.seen, 0, true};
    c.item_expires = expiry_of(e.asked.exptime, wall::now());
    const bool touched = e.what == errand::kind::checked && e.asked.command != command::inspect;
    if (!touched || e.seen < lowest_version || !is_over(c)) return true;
    return e.applying::begin(home_, behind_, c, options_.tombstone, clock_.end());
}

void announce_store::replied(errand& e) {
    if (e.what == errand::kind::write) {
        if (e.rules.step() == writing_step::look ? looked(e) : has_put(e)) write(e);
    } else if (e.of == nullptr) {
        free_if_unused(e);
    } else if (e.what == errand::kind::checked && e.seen == 0) {
        if (looked(e) && ask_as_client(e)) passed(e);
    } else {
        passed(e);
    }
}

/// The client is told what stands in its call's reply.
void announce_store::answer(errand& e) {
    if (e.of == nullptr) return;
    call& c = *std::exchange(e.of, nullptr);
    waiting_.remove(e);
    c.holder = nullptr;
    if (e.noreply && c.reply.outcome == outcome::failed)
        spdlog::warn("a noreply write of {} is lost: {} {}, {}", escaped(e.key()), c.reply.why.subject,
                     explain(c.reply.why.code), to_string(c.reply.why.effect));
    if (bool* const at_once = std::exchange(e.answered_at_once, nullptr)) *at_once = true;
    else c.complete();
}

/// One after the other, however many wait for one another.
void announce_store::start_ready() {
    if (starting_) return;
    const flag_while starting(starting_);
    while (!ready_.empty()) {
        errand& e = ready_.front();
        e.list_hook.unlink();
        run(e);
    }
}

void announce_store::fail(errand& e, errc code, effect effect, std::string_view subject) {
    if (e.of != nullptr) e.of->reply.fail({code, effect, subject});
    answer(e);
    end(e);
}

/// It does nothing more, once what is under way is back; what waited for it goes on.
void announce_store::end(errand& e) {
    home_.memory().subtract(std::exchange(e.counted_bytes, 0));
    e.list_hook.unlink();
    e.key_wait_hook.unlink();
    e.write_hook.unlink();
    let_go(e);
    release_key(e, false);
    free_if_unused(e);
    start_ready();
}

/// What waits for it goes on. If it was waiting itself, they wait for what it has waited for.
void announce_store::let_go(errand& of) {
    errand* const next = std::exchange(of.waits_for, nullptr);
    for (errand& e : of.behind) e.waits_for = next;
    errand::list& to = next != nullptr ? next->behind : ready_;
    to.splice(to.end(), of.behind);
}

/// Behind what has its version: up to the first that is no plain set.
void announce_store::let_sets_go(errand& of) {
    if (is_conditional(of.asked)) return;
    while (!of.behind.empty() && is_plain_set(of.behind.front())) {
        errand& e = of.behind.front();
        e.list_hook.unlink();
        e.waits_for = nullptr;
        ready_.push_back(e);
    }
    start_ready();
}

void announce_store::free_if_unused(errand& e) {
    if (e.in_use()) return;
    e.all_hook.unlink();
    e.own.reply.lent.reset();
    free_.give_back(std::unique_ptr<errand>(&e));
}

/// The client has gone. What is written goes on.
void announce_store::abandoned(errand& e) {
    const bool goes_on = e.what == errand::kind::write && !e.waits();
    e.noreply = false;
    e.of->reply.fail(errc::connection_lost, effect::maybe_done, "the client");
    answer(e);
    if (!goes_on) end(e);
}

void announce_store::wake() {
    if (std::exchange(ticking_, true)) return;
    home_.add(*this);
}

void announce_store::tick(steady::time_point now) {
    for (std::size_t n = 0; n < told_late_at_once; ++n) {
        errand* const e = waiting_.late(now);
        if (e == nullptr) break;
        const bool waits = e->waits();
        const bool reads = e->what == errand::kind::read;
        if (!reads) e->of->reply.fail(errc::timed_out, waits ? effect::not_done : effect::maybe_done, to_.label());
        answer(*e);
        if (waits || e->what != errand::kind::write) end(*e);
    }
    for (std::size_t n = numberless_.size(); n != 0 && !numberless_.empty(); --n) {
        errand& e = numberless_.front();
        e.list_hook.unlink();
        write(e);  // which may put it at the end again
    }
    if (!waiting_.empty() || !numberless_.empty()) return;
    ticking_ = false;
    home_.remove(*this);
}

std::unique_ptr<store> make_announce_store(shard& home, store& behind, queue& to, kept_clock& clock,
                                           announce_options options) {
    return std::make_unique<announce_store>(home, behind, to, clock, std::move(options));
}

}  // namespace freshet
