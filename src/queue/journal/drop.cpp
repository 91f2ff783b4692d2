// Queues that go: those that clients have made, when they are empty and unused, and what an operator drops.
#include "queue/journal/writer.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace freshet {

namespace {
constexpr std::size_t looked_at_once = 256;                            ///< queues
constexpr seconds sweep_pause{1};                                      ///< where there was no room
constexpr unsigned swept_at_once = 100, swept_at_once_when_full = 16;  ///< messages, and dead letters
}  // namespace

/// Before start(): they are given again, since message numbers go on.
void journal_writer::find_free_numbers() {
    std::vector<bool> taken(next_queue_number_, false);
    for (const journal_queue* const q : queues_) taken[q->line.queue_number()] = true;
    for (const std::uint64_t number : swept_) taken[number] = true;
    for (std::uint64_t number = next_queue_number_ - 1; number > 0; --number) {
        if (!taken[number]) free_queue_numbers_.push_back(number);
    }
}

/// Before its first message, which has a number that none of its name ever had.
void journal_writer::give_number(journal_queue& q) {
    if (free_queue_numbers_.empty()) {
        q.line.set_queue_number(next_queue_number_++);
    } else {
        q.line.set_queue_number(free_queue_numbers_.back());
        free_queue_numbers_.pop_back();
    }
    q.line.begin_behind(dropped_through_);
    if (!q.is_gone()) return;
    q.set_gone(false);
    use(q);
}

void journal_writer::use(journal_queue& q) noexcept {
    if (!q.made || q.is_gone()) return;
    q.used = now_.since_start;
    q.unlink();
    by_use_.push_back(q);
}

bool journal_writer::keep(journal_queue& q) noexcept {
    q.unlink();
    q.set_gone(false);
    return std::exchange(q.made, false);
}

bool journal_writer::is_empty(const journal_queue& q) {
    return q.line.length() == 0 && !q.line.any_passed() && q.dead == 0 && !file_->remembers(q.line.queue_number());
}

bool journal_writer::is_unused(const journal_queue& q) { return q.receptions.empty() && is_empty(q); }

// Some of those that nobody has used for longest, and of those that are gone.
void journal_writer::look_at_queues() {
    queue_list held;
    for (std::size_t n = 0; n < looked_at_once && !gone_.empty(); ++n) {
        journal_queue& q = gone_.front();
        if (give_up(q)) continue;
        q.unlink();
        held.push_back(q);
    }
    gone_.splice(gone_.end(), held);
    if (idle_ == milliseconds(0) || !file_->has_reserve()) return;
    for (std::size_t n = 0; n < looked_at_once && !by_use_.empty(); ++n) {
        journal_queue& q = by_use_.front();
        if (q.used + idle_ > now_.since_start) break;
        use(q);  // if it stays it is looked at again after as long
        if (is_unused(q)) batch_.drops.push_back({&q});
    }
}

/// True: it is no more.
bool journal_writer::give_up(journal_queue& q) {
    if (q.touched || !q.receptions.empty()) return false;
    const auto last = owner_.give_up(q);
    if (last == nullptr) return false;
    queues_[q.place] = queues_.back();
    queues_[q.place]->place = q.place;
    queues_.pop_back();
    return true;
}

// Behind all else that the transaction holds, so that it is dropped, too.
void journal_writer::write_drops() {
    swept_.reserve(swept_.size() + batch_.drops.size());
    free_queue_numbers_.reserve(free_queue_numbers_.size() + batch_.drops.size());
    for (journal_batch::dropping& d : batch_.drops) {
        const queue_line& line = d.queue->line;
        d.drops = decide(d);
        if (!d.drops || line.queue_number() == 0) continue;
        dropped_through_ = std::max(dropped_through_, line.last_number());
        if (d.who != nullptr && d.who->with_all) file_->set_aside(line.queue_number(), dropped_through_);
        else file_->remove_queue(line.queue_number(), dropped_through_);
    }
}

bool journal_writer::decide(journal_batch::dropping& d) {
    const journal_queue& q = *d.queue;
    if (d.who == nullptr) return q.made && !q.is_gone() && is_unused(q);  // it may be kept since it was looked at
    drop_request& r = *d.who;
    using outcome = enum drop_request::outcome;
    r.figures = {.ready = q.line.ready(), .leased = q.line.leased(), .delayed = q.line.delayed(), .dead = q.dead};
    r.remembers = file_->remembers(q.line.queue_number());
    r.outcome = q.is_gone()                   ? outcome::unknown
                : !q.made                     ? outcome::configured
                : !r.with_all && !is_empty(q) ? outcome::not_empty
                                              : outcome::dropped;
    return r.outcome == outcome::dropped;
}

void journal_writer::apply_drops() {
    for (const journal_batch::dropping& d : batch_.drops) {
        if (d.drops) forget(*d.queue, d.who != nullptr && d.who->with_all);
        if (d.who == nullptr) continue;
        if (d.drops) spdlog::info("{}: {} is dropped, as it was told", label_, d.queue->label());
        completions_.add(*d.who);
    }
}

// Whoever has it still finds an empty queue, and what is published to it makes it a new one.
void journal_writer::forget(journal_queue& q, bool with_all) {
    if (const std::uint64_t number = q.line.queue_number(); number != 0)
        (with_all ? swept_ : free_queue_numbers_).push_back(number);
    q.line.clear();
    q.dead = 0;
    q.changed = false;
    q.set_gone(true);
    q.show();
    q.unlink();
    gone_.push_back(q);
    for (const journal_queue::waiting& w : q.receptions) completions_.add(*w.who);
    q.receptions.clear();
}

bool journal_writer::may_sweep() const noexcept {
    return !swept_.empty() && !closing_ && !broken_ && now_.since_start >= next_sweep_;
}

// Some of what queues had that are dropped. In a transaction of its own: what is damaged there harms nobody.
void journal_writer::sweep() {
    switch (file_->sweep(swept_.back(), file_->has_reserve() ? swept_at_once : swept_at_once_when_full)) {
        case journal_file::swept::some: return;
        case journal_file::swept::all: free_queue_numbers_.push_back(swept_.back()); break;
        case journal_file::swept::unreadable: break;
        case journal_file::swept::no_room: next_sweep_ = now_.since_start + sweep_pause; return;
        case journal_file::swept::failed: return break_down(effect::maybe_done);
    }
    swept_.pop_back();
}

}  // namespace freshet
