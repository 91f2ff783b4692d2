#include "queue/broker/queue.hpp"

#include "base/since_1970.hpp"
#include "shard/wait_while.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <random>

namespace freshet {

namespace {

constexpr std::size_t reception_bytes_max = std::size_t{8} << 20;  ///< of the bodies in one answer
constexpr milliseconds send_again_every{250};                      ///< what the broker did not take
constexpr milliseconds goodbye_min{100}, goodbye_max{3'000};       ///< a broker that stands still holds up a stop

/// A message that there is no memory for is no delivery.
queue_line::entry* take_next(queue_line& line, reception& r, const moment& now) {
    delivery& d = r.deliveries.emplace_back();
    try {
        if (queue_line::entry* const e = line.take(d, r.exhausted_too, now)) return e;
    } catch (...) {
        r.deliveries.pop_back();
        throw;
    }
    r.deliveries.pop_back();
    return nullptr;
}

std::string make_tag() {
    std::random_device device;
    return fmt::format("{:08x}{:08x}-", device(), device());
}

}  // namespace

queue_options later_options() {
    queue_options o;
    o.max_attempts = 0;
    o.harmless = true;
    o.ack_timeout = std::chrono::hours(24);  // of sending one to the broker, which is tried for ever
    return o;
}

broker_queue::broker_queue(shard& back, const broker_options& options, const queue_clock& clock,
                           const link_maker& make_link)
    : back_(back),
      options_(options),
      clock_(clock),
      label_("queue " + options.name),
      id_tag_(make_tag()),
      now_(clock.now()),
      line_(unsettled_, options.name, options.queue),
      window_(options.prefetch == 0 && options.queue.ordered ? prefetch_window::by_need_max : options.prefetch) {
    note_.owner = this;
    note_.home = &back_;
    // Numbers are never given again, not by a later process either. What is here may be handed out: no mark holds it.
    queue_row row;
    row.next = static_cast<std::uint64_t>(ms_since_1970(wall::now())) << 20;
    line_.restore(row, 0);
    row.mark = std::numeric_limits<std::uint64_t>::max();
    line_.row_written(row);
    link_ = make_link(*this);
    if (options.later == nullptr) return;
    const auto send_due = [this](publication& p) {
        if (link_->can_publish() || starting_) return send(p, lane::work, {});
        p.outcome = publication::outcome::failed;
        p.why = failed(errc::unreachable);
        later_->sent(p);
    };
    later_ = std::make_unique<delayed_messages>(back, *options.later, static_cast<std::uintptr_t>(work::delayed),
                                                send_due, [this] { arrivals_over(); });
}

broker_queue::~broker_queue() { stop(steady::now()); }

void broker_queue::start() {
    back_.run([this] {
        link_->start();
        if (later_ != nullptr) later_->start();
    });
}

// Any thread: what is lent goes to the back shard, a note with it if none is on its way.

void broker_queue::lend(operation& first, operation& last, work what) noexcept {
    for (operation* o = &first; o != nullptr; o = o == &last ? nullptr : o->next)
        o->tag = static_cast<std::uintptr_t>(what);
    if (inbox_.put(first, last)) back_.post(note_);
}

void broker_queue::publish(publication& first, publication& last) noexcept { lend(first, last, work::publication); }

void broker_queue::receive(reception& r) noexcept {
    r.deliveries.clear();
    r.history_lost = false;
    r.why.reset();
    r.next = nullptr;
    ++r.times_lent;
    lend(r, r, work::reception);
}

void broker_queue::settle(settlement& s) noexcept {
    s.next = nullptr;
    lend(s, s, work::settlement);
}

void broker_queue::cancel(reception& r) noexcept {
    back_.run([this, who = &r, time = r.times_lent] {
        if (!receptions_.remove(who, time)) return;
        completions_.add(*who);
        completions_.post();
    });
}

// The rest is the back shard's.

void broker_queue::take_in() {
    now_ = clock_.now();
    for (operation* o = inbox_.take(); o != nullptr;) {
        operation& one = *o;
        o = o->next;
        switch (static_cast<work>(one.tag)) {
            case work::publication: publish_one(static_cast<publication&>(one)); break;
            case work::reception: receive_one(static_cast<reception&>(one)); break;
            case work::settlement: settle_one(static_cast<settlement&>(one)); break;
            case work::dead_letter:
            case work::delayed: break;  // never lent
        }
    }
    end_turn();
}

void broker_queue::end_turn() {
    serve();
    take_more_or_less();
    ask_level();
    look_whether_idle();
    link_->flush();
    figures_.show(line_, {.ready = behind_, .delayed = later_ != nullptr ? later_->length() : 0});
    completions_.post();
    const bool wanted = !stopping_ && (line_.next_tick(now_) != steady::time_point::max() || !early_.empty() ||
                                       (consuming_ && window_.is_by_need() && line_.ready() != 0) ||
                                       (later_ != nullptr && later_->any_unsent()) || receptions_.any_ends());
    if (wanted == ticking_) return;
    ticking_ = wanted;
    if (wanted) back_.add(*this);
    else back_.remove(*this);
}

void broker_queue::tick(steady::time_point) {
    now_ = clock_.now();
    bool expired = false;
    line_.tick(now_, [&](queue_line::entry&) { expired = true; });
    if (expired) drop_untagged();
    fail_early(now_.since_start, errc::unreachable);
    if (later_ != nullptr && later_->any_unsent() && now_.since_start >= send_again_) {
        send_again_ = now_.since_start + send_again_every;
        later_->send_again();
    }
    end_turn();
}

void broker_queue::serve() {
    if (loss_ == loss::noticed) tell_loss();
    for (reception* r = receptions_.first(); r != nullptr && fill(*r); r = receptions_.first()) {
        receptions_.remove_first();
        completions_.add(*r);
    }
    for (const auto& [e, reason] : line_.take_exhausted()) send_to_dead_letters(*e, reason, nullptr);
    end_those_that_waited();
}

/// Before anything that came behind it.
void broker_queue::tell_loss() {
    reception* const r = receptions_.first();
    if (r == nullptr) return;
    receptions_.remove_first();
    loss_ = loss::told;
    r->history_lost = true;
    completions_.add(*r);
}

/// True: it has something.
bool broker_queue::fill(reception& r) {
    std::size_t taken = 0;
    while (r.deliveries.size() < r.max && taken < reception_bytes_max) {
        queue_line::entry* const e = take_next(line_, r, now_);
        if (e == nullptr) break;
        taken += r.deliveries.back().message.body.size();
        if (!r.settle_at_once) continue;
        window_.settled();
        line_.leave(*e, true);
        remove(*e);
    }
    return !r.deliveries.empty();
}

/// Nothing is there for the first of them that takes any, so for none.
void broker_queue::end_those_that_waited() {
    using broker = waiting_receptions::broker;
    const broker is = link_->is_connected() ? broker::connected : starting_ ? broker::connecting : broker::away;
    while (const auto over = receptions_.next_over(now_.since_start, is, start_time())) {
        const auto& [who, why] = *over;
        if (why) who->why = failed(*why);
        completions_.add(*who);
    }
}

void broker_queue::receive_one(reception& r) {
    if (r.history_made_up && loss_ == loss::told) {
        loss_ = loss::none;
        link_->history_made_up();
    }
    if (stopping_) {
        r.why = failed(errc::stopping);
        return completions_.add(r);
    }
    consuming_ = true;
    if (r.wait == milliseconds::max()) return receptions_.add(r);
    const steady::time_point until = now_.since_start + r.wait;
    receptions_.add(r, until, lent_, until + options_.queue.confirm_within);
}

/// As many come from the broker as are needed here; of those that nobody needs others may want some.
void broker_queue::take_more_or_less() {
    if (!consuming_) return;
    const std::size_t wanted = receptions_.wanted();
    const std::size_t missing = wanted - std::min<std::size_t>(wanted, line_.ready());
    const auto found = window_.look({missing, line_.leased(), unsettled_.size()}, link_->room(), now_.since_start);
    if (found.more != 0) link_->consume(found.more);
    if (found.measured && missing == 0 && window_.surplus(line_.ready()) != 0) link_->ask_for_others();
}

/// One question at a time, for all who wait.
void broker_queue::ask_level() {
    if (asking_ || !link_->is_connected()) return;
    if (later_ != nullptr && later_->any_due()) return;  // they are there, too
    if (!receptions_.ask(told_)) return;
    asking_ = true;
    link_->level();
}

bool broker_queue::is_idle() const { return consuming_ && receptions_.empty() && !line_.any_passed(); }

void broker_queue::look_whether_idle() {
    const auto now = steady::now();
    if (!is_idle()) {
        busy_ = now;
        may_rest_ = false;
    } else if (now - busy_ > options_.idle) {
        busy_ = now;  // it is asked again after as long
        may_rest_ = true;
        link_->ask_for_others();
    }
}

/// Messages that nobody here asks for are not kept from other processes.
void broker_queue::others_wait() {
    if (!may_rest_) return give_back_surplus();
    may_rest_ = false;
    consuming_ = false;
    window_.closed();
    link_->rest();
    revoked();
}

/// The newest, of those that nobody has seen yet. None comes in their place before somebody asks.
void broker_queue::give_back_surplus() {
    if (receptions_.wanted() != 0) return;
    auto unseen = unsettled_.numbers_above(line_.last_passed());
    const std::size_t surplus = std::min(window_.surplus(line_.ready()), unseen.size());
    if (surplus == 0) return;
    window_.closed();
    link_->pause();
    std::nth_element(unseen.begin(), unseen.end() - static_cast<std::ptrdiff_t>(surplus), unseen.end());
    const std::uint64_t first = unseen[unseen.size() - surplus];
    forget([first](std::uint64_t number) { return number >= first; });
    link_->level();
    link_->flush();
}

void broker_queue::levelled(std::uint64_t ready) {
    behind_ = ready;
    if (!std::exchange(asking_, false)) return;
    // What came meanwhile may be nothing that can be handed out, and have used up the room of what can.
    const bool more_comes = ready != 0 && receptions_.first() != nullptr && window_.is_by_need() &&
                            link_->room() == 0 && unsettled_.size() < prefetch_window::by_need_max;
    if (more_comes) receptions_.ask_again();
    else receptions_.answered();
}

/// What is the broker's again and nobody works on comes from there again, perhaps to another process.
void broker_queue::drop_untagged() {
    if (!unsettled_.any_untagged()) return;
    forget([this](std::uint64_t number) { return unsettled_.find(number)->tag == 0; });
}

/// Gives back what nobody works on; what is known of it is remembered until it comes again.
void broker_queue::forget(const std::function<bool(std::uint64_t number)>& which) {
    line_.forget(now_, which, [this](const queue_line::entry* e, std::uint64_t number, wall::time_point due) {
        const unsettled_messages::record& p = *unsettled_.find(number);
        const unsigned used = e != nullptr ? e->used : p.stored.message.attempt;
        const wall::time_point not_before = std::max(due, p.stored.message.not_before);
        if (used != 0 || not_before != wall::time_point{})
            unsettled_.remember(p, {.attempts = used, .not_before = not_before});
        if (p.tag != 0) link_->give_back(p.tag);
        unsettled_.erase(p);
    });
}

void broker_queue::connected() {
    connected_.store(true, std::memory_order_relaxed);
    arrivals_over();
}

void broker_queue::disconnected() {
    connected_.store(false, std::memory_order_relaxed);
    now_ = clock_.now();
    behind_ = 0;
    asking_ = false;  // what was asked of this connection is never answered
    receptions_.disconnected();
    end_turn();
}

void broker_queue::publishable(bool yes) {
    now_ = clock_.now();
    end_start(yes);
    if (yes && later_ != nullptr) later_->send_again();
    end_turn();
}

void broker_queue::revoked() {
    unsettled_.untag_all();
    // Of changes all come again, in their order: a store that has lost what was put into it has the newest in the end.
    if (options_.queue.harmless) unsettled_.forget_serials();
    drop_untagged();
}

void broker_queue::arrived(arrival&& one) {
    if (behind_ != 0) --behind_;
    if (options_.queue.harmless) one.message.not_before = {};  // whoever wrote it: nothing waits but for a server
    switch (unsettled_.meet(one)) {
        case acquaintance::same: return;
        case acquaintance::surplus: return link_->acknowledge(one.tag);
        case acquaintance::none: break;
    }
    if (one.message.id.empty()) one.message.id = make_id();
    const std::uint64_t number = line_.take_number();
    line_.add(queue_line::size_of(one.message));
    const unsettled_messages::record& put = unsettled_.put(number, std::move(one));
    line_.admit(number, put.stored.message);
}

void broker_queue::arrivals_over() {
    now_ = clock_.now();
    end_turn();
}

void broker_queue::stop(steady::time_point deadline) {
    if (link_ == nullptr) return;
    if (!back_.is_running()) {
        link_.reset();
        return;
    }
    back_.run_and_wait([this] {
        if (later_ != nullptr && !stopping_) later_->stop();
        stopping_ = true;
        starting_ = false;
        fail_early(steady::time_point::max(), errc::stopping);
        completions_.post();
    });
    const auto lent = [this] { return later_ != nullptr && !later_->is_idle(); };
    wait_while(
        back_, [&] { return link_->has_unconfirmed() || lent(); }, deadline);
    back_.run_and_wait([this] {
        now_ = clock_.now();
        link_->stop();
        while (reception* const who = receptions_.any()) {
            who->why = failed(errc::stopping);
            receptions_.remove(who, who->times_lent);
            completions_.add(*who);
        }
        if (ticking_) back_.remove(*this);
        ticking_ = false;
        completions_.post();
    });
    wait_while(
        back_, [this] { return link_->is_leaving(); },
        std::clamp(deadline, steady::now() + goodbye_min, steady::now() + goodbye_max));
    back_.run_and_wait([this] { link_->cut(); });
    wait_while(back_, lent, steady::time_point::max());  // a journal answers always
}

}  // namespace freshet
