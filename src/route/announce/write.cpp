// A write of a client: its version, the queue, the store.
#include "route/announce/announce_store.hpp"

#include "base/escape.hpp"
#include "protocol/exptime.hpp"
#include "protocol/item_size.hpp"
#include "protocol/reply.hpp"
#include "protocol/request.hpp"

#include <utility>

namespace freshet {

/// As far as it goes now.
void announce_store::write(errand& e) {
    for (;;) {
        switch (e.rules.step()) {
            case writing_step::look:
                if (is_conditional(e.asked) && !take_key(e)) return;
                if (!look(e) || !looked(e)) return;
                break;
            case writing_step::number:
                if (!number(e)) return;
                break;
            case writing_step::tell: return tell(e);
            case writing_step::apply:
                if (!take_key(e) || !apply(e)) return;
                break;
            case writing_step::put:
                if (!put(e)) return;
                break;
            case writing_step::answer: return succeed(e);
        }
    }
}

/// True: it is answered now.
bool announce_store::ask(errand& e) {
    e.own.reply.reset();
    e.own.now = home_.now();
    e.asking = true;
    const flag_while submitting(e.submitting);
    start(behind_, e.own, e.store_step);
    return !e.asking;
}

/// A blind set has to know the version only, and who looks for that takes no token from readers.
bool announce_store::look(errand& e) {
    request& r = e.own.request;
    r = {};
    e.own.wanted = {};
    const bool version_only = e.asked.command == command::store && !is_conditional(e.asked);
    if (version_only) {
        look_for_version(e.own, e.asked.key);
        return ask(e);
    }
    r.command = command::get;
    r.key = e.asked.key;
    r.want_value = needs_value(e.asked);
    r.no_bump = r.no_guess = true;
    form& f = e.own.wanted;
    f.dialect = dialect::meta;
    f.verb = 'g';
    f.base64 = has_blank_or_control(r.key);
    for (const char flag : {'c', 'f', 's', 't'}) f.returns[f.return_count++] = flag;
    return ask(e);
}

/// False: it is over.
bool announce_store::looked(errand& e) {
    reply& a = e.own.reply;
    const auto found = version_found(a);
    if (!found) return store_failed(e);
    e.seen = *found;
    const bool there = a.outcome == outcome::hit && !a.stale && !is_tombstone(a);
    if (e.what == errand::kind::checked) {
        if (there) return true;
        if (e.of != nullptr)
            e.of->reply.outcome = e.asked.command == command::touch ? outcome::not_found : outcome::miss;
        answer(e);
        end(e);
        return false;
    }
    const auto now = wall::now();
    if (!is_conditional(e.asked)) {
        // As memcached: what is too large is not stored, and leaves no older value.
        const std::size_t size = item_size(e.key().size(), e.asked.flags, e.message.body.size());
        const bool too_large = e.asked.too_large || size > options_.item_size_max_bytes;
        const bool removes = too_large || e.asked.command == command::remove;
        e.becomes.kind = removes ? change_kind::remove : change_kind::set;
        e.becomes.flags = e.asked.flags;
        e.becomes.expires = removes ? wall::time_point{} : expiry_of(e.asked.exptime, now);
        e.said = too_large  ? outcome::too_large
                 : !removes ? outcome::stored
                 : there    ? outcome::deleted
                            : outcome::not_found;
        if (removes) e.message.body.clear();
        e.rules.take(writing_event::done);
        return true;
    }
    if (std::exchange(e.unsure, false)) {
        if (e.seen == e.given) {  // it was put, though its answer was lost
            e.rules = writing(writing_kind::conditional);
            for (int step = 0; step < 3; ++step) e.rules.take(writing_event::done);  // look, number, put
            was_put(e);
            return true;
        }
        if (e.seen != e.put_over) {  // somebody may have written over it
            fail(e, errc::connection_lost, effect::maybe_done, "the store");
            return false;
        }
    }
    if (!there) a.outcome = outcome::miss;
    e.becomes.value.swap(e.message.body);  // keeps its memory
    if (const auto no = work_out(e.asked, a, options_.item_size_max_bytes, now, e.becomes)) {
        e.said = *no;
        e.rules.take(writing_event::refused);
    } else {
        e.said = e.becomes.kind == change_kind::remove    ? outcome::deleted
                 : e.asked.command == command::arithmetic ? outcome::number
                                                          : outcome::stored;
        e.rules.take(writing_event::done);
    }
    e.message.body.swap(e.becomes.value);
    count_bytes(e);
    return true;
}

void announce_store::count_bytes(errand& e) {
    home_.memory().subtract(e.counted_bytes);
    e.counted_bytes = e.operand.size() + e.message.body.size();
    home_.memory().add(e.counted_bytes);
}

/// False: it waits for one.
bool announce_store::number(errand& e) {
    const auto given = clock_.next(e.seen, wall::now());
    if (!given) {
        numberless_.push_back(e);
        wake();
        return false;
    }
    e.given = *given;
    e.rules.take(writing_event::done);
    return true;
}

told_change announce_store::change_of(const errand& e) const noexcept {
    told_change c;
    c.key = e.key();
    c.what = {e.becomes.kind, e.given, e.seen};
    c.value = e.becomes.kind == change_kind::set ? std::string_view(e.message.body) : std::string_view();
    c.flags = e.becomes.flags;
    c.item_expires = e.becomes.expires;
    return c;
}

void announce_store::tell(errand& e) {
    told_change c = change_of(e);
    // A number that this site's server has given, or nobody whose clock is right.
    if (c.what.previous < lowest_version || c.what.previous >= clock_.end()) c.what.previous = 0;
    describe_change(c, options_.site, e.message);
    e.lent = true;
    to_.publish(e);  // which answers later
    let_sets_go(e);
}

void announce_store::published(errand& e) {
    if (e.outcome == publication::outcome::failed) {
        return fail(e, e.why.code, e.changed_here ? effect::maybe_done : e.why.effect, e.why.subject);
    }
    e.rules.take(writing_event::done);
    write(e);
}

bool announce_store::apply(errand& e) {
    return e.applying::begin(home_, behind_, change_of(e), options_.tombstone, clock_.end()) && has_applied(e);
}

/// False: it is over.
bool announce_store::has_applied(errand& e) {
    const bool failed = e.applying::is() == applying::state::failed;
    release_key(e, !failed);
    if (failed) {
        // It is told, so this site applies it later, as all do.
        fail(e, e.store_failure().code, effect::maybe_done, e.store_failure().subject);
        return false;
    }
    if (e.applying::was_too_large()) e.said = outcome::too_large;
    e.rules.take(writing_event::done);
    return true;
}

void announce_store::applied(errand& e) {
    if (e.what == errand::kind::checked) give(e);
    else if (has_applied(e)) write(e);
}

bool announce_store::put(errand& e) {
    const applying_step put = e.seen == 0 ? applying_step::put_anew : applying_step::put_over;
    const told_change change = change_of(e);
    const bool removes = e.becomes.kind == change_kind::remove || (is_over(change) && e.seen != 0);
    ask_step(e.own, removes ? applying_step::bury : put, change, e.seen, options_.tombstone);
    return ask(e) && has_put(e);
}

/// False: it is over.
bool announce_store::has_put(errand& e) {
    switch (e.own.reply.outcome) {
        case outcome::stored:
        case outcome::deleted:
            e.rules.take(writing_event::done);
            was_put(e);
            return true;
        case outcome::exists:
        case outcome::not_found:
        case outcome::not_stored:
            if (e.of == nullptr) {  // told that nothing is known, and nothing was done
                end(e);
                return false;
            }
            e.rules.take(writing_event::changed);
            return true;
        case outcome::too_large:  // for this site's servers, which have removed what was there: so do all others
            e.asked.too_large = e.changed_here = true;
            e.rules = writing(writing_kind::blind);
            return true;
        default: break;
    }
    const reply& a = e.own.reply;
    const bool maybe = a.outcome != outcome::failed || a.why.effect == effect::maybe_done;
    e.put_over = e.seen;
    if (!maybe || e.of == nullptr || std::exchange(e.unsure, true)) return store_failed(e);
    e.rules.take(writing_event::changed);
    return true;
}

void announce_store::was_put(errand& e) {
    e.changed_here = true;
    release_key(e, true);
}

/// False, since it is over.
bool announce_store::store_failed(errand& e) {
    const reply& a = e.own.reply;
    const bool failed = a.outcome == outcome::failed;
    const bool maybe =
        e.unsure || (e.rules.step() == writing_step::put && (!failed || a.why.effect == effect::maybe_done));
    fail(e, failed ? a.why.code : errc::wrong_answer, maybe ? effect::maybe_done : effect::not_done,
         failed ? a.why.subject : "the store");
    return false;
}

void announce_store::succeed(errand& e) {
    if (e.of != nullptr) {
        reply& a = e.of->reply;
        a.outcome = e.said;
        a.cas = e.given;
        const bool stores = e.asked.command == command::store;
        a.size = stores && e.said != outcome::stored ? e.asked_size : e.message.body.size();
        a.number = e.becomes.number;
        a.created = e.becomes.created;
        a.ttl = e.becomes.ttl;
    }
    answer(e);
    end(e);
}

}  // namespace freshet
