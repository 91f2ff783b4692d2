// What is published to a broker, and what becomes of what was handed out.
#include "queue/linked_queue.hpp"

#include <array>
#include <charconv>

namespace freshet {

namespace {
constexpr seconds pause_of_the_dead{1};  ///< before a dead letter is tried again
}

void linked_queue::publish_one(publication& p) {
    const message& m = p.message;
    if (stopping_) return fail(p, errc::stopping, effect::not_done, label_);
    if (p.unique) return fail(p, errc::needs_journal, effect::not_done, "add");
    if (m.not_before > now_.date && can_postpone(m)) return postpone(p);
    if (!link_->is_connected()) return fail(p, errc::unreachable, effect::not_done, label_);
    if (unconfirmed_ >= options_.unconfirmed_max ||
        unconfirmed_bytes_ + queue_line::size_of(m) > options_.unconfirmed_max_bytes)
        return fail(p, errc::busy, effect::not_done, label_);
    mark(p.message);
    ++lent_;
    ++unconfirmed_;
    unconfirmed_bytes_ += queue_line::size_of(m);
    link_->publish(p, lane::work, {});
}

void linked_queue::mark(message& m) {
    m.time = std::chrono::time_point_cast<milliseconds>(now_.date);
    if (!m.id.empty()) return;
    std::array<char, 16> count;
    const auto end = std::to_chars(count.data(), count.data() + count.size(), ++ids_, 16).ptr;
    m.id.reserve(id_tag_.size() + count.size());
    m.id.append(id_tag_).append(count.data(), end);
}

/// The order of a key rules out that one of its messages waits elsewhere.
bool linked_queue::can_postpone(const message& m) const noexcept {
    return later_ != nullptr && m.key.empty() && !options_.queue.ordered;
}

void linked_queue::postpone(publication& p) {
    mark(p.message);
    ++lent_;
    later_->keep(p.message, [this, &p](const failure* why) {
        p.outcome = why == nullptr ? publication::outcome::confirmed : publication::outcome::failed;
        if (why != nullptr) p.why = *why;
        ++told_;
        homeward_.add(p);
        arrivals_over();
    });
}

void linked_queue::postpone(queue_line::entry& e, wall::time_point due, settlement& asked) {
    line_.leave(e, true);
    message m = shelf_.find(e.number)->stored.message;
    m.attempt = e.used;
    m.not_before = due;
    later_->keep(std::move(m), [this, due, number = e.number, &asked](const failure* why) {
        queue_line::entry& left = *line_.leaving(number);
        if (why == nullptr) remove(left);
        else line_.postpone(left, due);
        end(asked, settlement::outcome::done);
        arrivals_over();
    });
}

void linked_queue::published(publication& p) {
    if (p.tag == static_cast<std::uintptr_t>(work::burial)) return buried(static_cast<burial&>(p));
    if (p.tag == static_cast<std::uintptr_t>(work::postponed)) return later_->sent(p);
    ++told_;
    --unconfirmed_;
    unconfirmed_bytes_ -= queue_line::size_of(p.message);
    p.why.subject = label_;
    homeward_.add(p);
}

void linked_queue::fail(publication& p, errc why, effect happened, std::string_view subject) {
    p.outcome = publication::outcome::failed;
    p.why = {why, happened, subject};
    homeward_.add(p);
}

void linked_queue::settle_one(settlement& s) {
    using action = enum settlement::action;
    using outcome = enum settlement::outcome;
    if (stopping_) {
        s.why = failed(errc::stopping);
        return end(s, outcome::failed);
    }
    queue_line::entry* const e = line_.open(s.number);
    if (e == nullptr) return end(s, outcome::unknown);
    switch (s.action) {
        case action::renew: line_.renew(*e, now_); return end(s, outcome::done);
        case action::ack:
            line_.leave(*e, true);
            remove(*e);
            return end(s, outcome::done);
        case action::dead: line_.count_attempt(*e); return bury(*e, s.reason, &s);
        case action::retry: break;
    }
    line_.count_attempt(*e);
    if (line_.exhausted(*e)) return bury(*e, s.reason, &s);
    const bool at_once = s.delay.count() == 0;
    const wall::time_point due = at_once ? wall::time_point{} : now_.date + s.delay;
    if (!at_once && can_postpone(shelf_.find(e->number)->stored.message)) return postpone(*e, due, s);
    line_.leave(*e, false);
    line_.postpone(*e, due);
    drop_untagged();
    end(s, outcome::done);
}

void linked_queue::end(settlement& s, enum settlement::outcome outcome) {
    s.outcome = outcome;
    homeward_.add(s);
}

void linked_queue::bury(queue_line::entry& e, std::string_view reason, settlement* asked) {
    if (asked != nullptr) line_.leave(e, true);
    auto* const b = new burial;
    b->message = shelf_.find(e.number)->stored.message;
    b->message.attempt = e.used;
    b->message.time = std::chrono::time_point_cast<milliseconds>(now_.date);
    b->tag = static_cast<std::uintptr_t>(work::burial);
    b->number = e.number;
    b->asked = asked;
    if (!link_->is_connected()) {
        b->why = failed(errc::unreachable);
        return buried(*b);
    }
    link_->publish(*b, lane::dead, reason);
}

void linked_queue::buried(burial& done) {
    const std::unique_ptr<burial> b(&done);
    queue_line::entry& e = *line_.leaving(b->number);
    if (b->asked == nullptr) line_.doom_over();
    if (b->outcome == publication::outcome::confirmed) {
        remove(e);
        if (b->asked != nullptr) end(*b->asked, settlement::outcome::done);
    } else if (b->asked == nullptr) {
        line_.postpone(e, now_.date + pause_of_the_dead);
        drop_untagged();
    } else {
        line_.stay(e, now_);
        b->asked->why = b->why;
        b->asked->why.subject = label_;
        end(*b->asked, settlement::outcome::failed);
    }
}

/// It is settled.
void linked_queue::remove(queue_line::entry& e) {
    const std::uint64_t number = e.number;
    line_.gone(e);
    const shelf::place& p = *shelf_.find(number);
    if (p.tag != 0) link_->acknowledge(p.tag);
    else shelf_.remember(p.serial, {.settled = true});
    shelf_.erase(p);
}

}  // namespace freshet
