// What is published to a broker, and what becomes of what was handed out.
#include "queue/broker/queue.hpp"

#include <freshet/error.hpp>
#include <freshet/message.hpp>
#include <freshet/time.hpp>

#include "queue/operations.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <utility>

namespace freshet {

namespace {
constexpr seconds pause_of_the_dead{1};  ///< before a dead letter is tried again
}

void broker_queue::publish_one(publication& p) {
    const message& m = p.message;
    if (stopping_) return fail(p, errc::stopping, effect::not_done, label_);
    if (p.unique) return fail(p, errc::needs_journal, effect::not_done, "add");
    if (m.not_before > now_.date && can_delay(m)) return postpone(p);
    if (!link_->can_publish() && !starting_) return fail(p, errc::unreachable, effect::not_done, label_);
    if (unconfirmed_ >= options_.unconfirmed_max ||
        unconfirmed_bytes_ + queue_line::size_of(m) > options_.unconfirmed_max_bytes)
        return fail(p, errc::busy, effect::not_done, label_);
    stamp(p);
    ++lent_;
    ++unconfirmed_;
    unconfirmed_bytes_ += queue_line::size_of(m);
    send(p, lane::work, {});
}

/// Where nothing can be published yet, it waits.
void broker_queue::send(publication& p, lane to, std::string_view reason) {
    if (link_->can_publish()) return link_->publish(p, to, reason);
    early_.push_back({&p, to, std::string(reason), now_.since_start + start_time()});
}

/// So long the first connection is waited for: a little less than a client waits, who can be told for certain then.
milliseconds broker_queue::start_time() const noexcept {
    constexpr milliseconds before{60};
    const milliseconds all = options_.queue.confirm_within;
    return std::max(all / 2, all - before);
}

void broker_queue::end_start(bool can_publish) {
    const bool began = std::exchange(starting_, false);
    if (!can_publish) {
        if (began) receptions_.disconnected();  // the start is not waited for any more
        return fail_early(steady::time_point::max(), errc::unreachable);
    }
    for (const early& e : std::exchange(early_, {})) link_->publish(*e.who, e.to, e.reason);
}

void broker_queue::fail_early(steady::time_point until, errc why) {
    for (; !early_.empty() && early_.front().until <= until; early_.pop_front()) {
        publication& p = *early_.front().who;
        p.outcome = publication::outcome::failed;
        p.why = {why, effect::not_done, {}};
        published(p);
    }
}

void broker_queue::stamp(publication& p) {
    message& m = p.message;
    if (!p.passed_on) m.time = std::chrono::time_point_cast<milliseconds>(now_.date);
    if (m.id.empty()) m.id = make_id();
}

std::string broker_queue::make_id() {
    std::array<char, 16> count;
    const auto end = std::to_chars(count.data(), count.data() + count.size(), ++ids_, 16).ptr;
    std::string id;
    id.reserve(id_tag_.size() + count.size());
    return id.append(id_tag_).append(count.data(), end);
}

/// The order of a key rules out that one of its messages waits elsewhere.
bool broker_queue::can_delay(const message& m) const noexcept {
    return later_ != nullptr && m.key.empty() && !options_.queue.ordered;
}

void broker_queue::postpone(publication& p) {
    stamp(p);
    ++lent_;
    later_->keep(p.message, [this, &p](const failure* why) {
        p.outcome = why == nullptr ? publication::outcome::confirmed : publication::outcome::failed;
        if (why != nullptr) p.why = *why;
        ++told_;
        completions_.add(p);
        arrivals_over();
    });
}

void broker_queue::postpone(queue_line::entry& e, milliseconds pause, settlement& asked) {
    line_.leave(e, true);
    message m = unsettled_.find(e.number)->stored.message;
    m.attempt = e.used;
    m.not_before = now_.date + pause;
    later_->keep(std::move(m), [this, pause, number = e.number, &asked](const failure* why) {
        now_ = clock_.now();
        queue_line::entry& left = *line_.leaving(number);
        if (why == nullptr) remove(left);
        else line_.postpone(left, pause, now_);
        drop_untagged();
        end(asked, settlement::outcome::done);
        arrivals_over();
    });
}

void broker_queue::published(publication& p) {
    if (p.tag == static_cast<std::uintptr_t>(work::dead_letter))
        return dead_letter_told(static_cast<dead_letter_publication&>(p));
    if (p.tag == static_cast<std::uintptr_t>(work::delayed)) return later_->sent(p);
    ++told_;
    --unconfirmed_;
    unconfirmed_bytes_ -= queue_line::size_of(p.message);
    p.why.subject = label_;
    completions_.add(p);
}

void broker_queue::fail(publication& p, errc why, effect happened, std::string_view subject) {
    p.outcome = publication::outcome::failed;
    p.why = {why, happened, subject};
    completions_.add(p);
}

void broker_queue::settle_one(settlement& s) {
    using action = enum settlement::action;
    using outcome = enum settlement::outcome;
    if (stopping_) {
        s.why = failed(errc::stopping);
        return end(s, outcome::failed);
    }
    queue_line::entry* const e = line_.open(s.number, s.attempt);
    if (e == nullptr) return end(s, outcome::unknown);
    if (s.action != action::renew) window_.settled();
    switch (s.action) {
        case action::renew: line_.renew(*e, now_); return end(s, outcome::done);
        case action::release: break;
        case action::ack:
            line_.leave(*e, true);
            remove(*e);
            return end(s, outcome::done);
        case action::dead: line_.count_attempt(*e); return send_to_dead_letters(*e, s.reason, &s);
        case action::retry:
            line_.count_attempt(*e);
            if (line_.exhausted(*e)) return send_to_dead_letters(*e, s.reason, &s);
            break;
    }
    if (s.delay > milliseconds(0) && can_delay(unsettled_.find(e->number)->stored.message))
        return postpone(*e, s.delay, s);
    line_.leave(*e, false);
    line_.postpone(*e, s.delay, now_);
    drop_untagged();
    end(s, outcome::done);
}

void broker_queue::end(settlement& s, enum settlement::outcome outcome) {
    s.outcome = outcome;
    completions_.add(s);
}

void broker_queue::send_to_dead_letters(queue_line::entry& e, std::string_view reason, settlement* asked) {
    if (asked != nullptr) line_.leave(e, true);
    auto* const b = new dead_letter_publication;
    b->message = unsettled_.find(e.number)->stored.message;
    b->message.attempt = e.used;
    b->tag = static_cast<std::uintptr_t>(work::dead_letter);
    b->number = e.number;
    b->asked = asked;
    if (!link_->can_publish() && !starting_) {
        b->why = failed(errc::unreachable);
        return dead_letter_told(*b);
    }
    send(*b, lane::dead, reason);
}

void broker_queue::dead_letter_told(dead_letter_publication& done) {
    const std::unique_ptr<dead_letter_publication> b(&done);
    queue_line::entry& e = *line_.leaving(b->number);
    if (b->asked == nullptr) line_.exhausted_over();
    if (b->outcome == publication::outcome::confirmed) {
        remove(e);
        if (b->asked != nullptr) end(*b->asked, settlement::outcome::done);
    } else if (b->why.code == errc::message_too_large) {
        put_aside(e);
        if (b->asked != nullptr) end(*b->asked, settlement::outcome::done);
    } else if (b->asked == nullptr) {
        line_.postpone(e, pause_of_the_dead, now_);
        drop_untagged();
    } else {
        line_.stay(e, now_);
        b->asked->why = b->why;
        b->asked->why.subject = label_;
        end(*b->asked, settlement::outcome::failed);
    }
}

/// A dead letter that will never be taken stays on the broker: where that keeps what is acknowledged, at its place,
/// else unacknowledged.
void broker_queue::put_aside(queue_line::entry& e) {
    const unsettled_messages::record& p = *unsettled_.find(e.number);
    const message& m = p.stored.message;
    const bool stays = link_->keeps_acknowledged();
    spdlog::error("{}: the message {} ({} bytes) is dead, and its broker takes no dead letter as large as that: {}",
                  label_, m.id, m.body.size(),
                  stays ? "it is where it was, before what is read from now on"
                        : "it stays where it is, unacknowledged, and may come again with another connection");
    if (stays) return remove(e);
    line_.gone(e);
    unsettled_.remember(p, {.aside = true});
    unsettled_.erase(p);
}

/// It is settled.
void broker_queue::remove(queue_line::entry& e) {
    const std::uint64_t number = e.number;
    line_.gone(e);
    const unsettled_messages::record& p = *unsettled_.find(number);
    if (p.tag != 0) {
        link_->acknowledge(p.tag);
        unsettled_.settled(p);
    } else if (!options_.queue.harmless) {
        unsettled_.remember(p, {.settled = true});
    }
    unsettled_.erase(p);
}

}  // namespace freshet
