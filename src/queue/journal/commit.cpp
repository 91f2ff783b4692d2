// How the journal's writer makes a transaction of a batch, and what becomes of it.
#include "queue/journal/writer.hpp"

#include <freshet/error.hpp>
#include <freshet/message.hpp>
#include <freshet/time.hpp>

#include "base/bytes.hpp"
#include "queue/operations.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace freshet {

namespace {
constexpr seconds reserve_interval{1};
constexpr std::uint64_t gap_max = 8;  ///< numbers that are gone already, within one range to delete
}  // namespace

void journal_writer::commit() {
    const bool rows = std::any_of(touched_.begin(), touched_.end(), [](const journal_queue* q) { return q->changed; });
    if (broken_ || (batch_.empty() && !rows && !prune_)) return;
    using outcome = journal_file::outcome;
    outcome ended = outcome::full;
    if (batch_.publications.empty() || may_publish()) ended = write();
    if (ended == outcome::full) {
        // With the reserve given up there is room for settlements, and for messages that need no more of the disk.
        if (file_->has_reserve() || !batch_.leaves.empty()) file_->make_room();
        if (!batch_.publications.empty() && may_publish()) ended = write();
    }
    if (ended == outcome::full && !batch_.publications.empty()) {
        fail_publications(errc::disk_full, effect::not_done);
        if (!batch_.empty()) ended = write();
    } else if (ended == outcome::full) {
        ended = write();
    }
    if (ended == outcome::full && !full_)
        spdlog::error("{} has no room on its disk: nothing is accepted until there is", label_);
    if (ended == outcome::done && full_) spdlog::info("{} has room again", label_);
    if (ended == outcome::no_memory)
        spdlog::error("{} has got no memory: what was to be written is answered busy", label_);
    full_ = ended == outcome::full;
    prune_ = false;
    switch (ended) {
        case outcome::done: return apply();
        case outcome::full: return fail(errc::disk_full, effect::not_done);
        case outcome::no_memory: return fail(errc::busy, effect::not_done);
        case outcome::broken: return break_down(effect::not_done);
        case outcome::unknown: return break_down(effect::maybe_done);
    }
}

// While the reserve is given up, the room that it gave is for settlements.
bool journal_writer::may_publish() {
    if (file_->has_reserve()) return true;
    if (now_.since_start >= next_reserve_) {
        next_reserve_ = now_.since_start + reserve_interval;
        if (file_->take_reserve()) return true;
    }
    return file_->free_bytes() > batch_.bytes + batch_.bytes / 8 + file_->reserve_bytes();
}

journal_file::outcome journal_writer::write() {
    file_->begin();
    write_publications();
    for (const auto& l : batch_.expired_leases) file_->change(l.queue, l.number, l.attempts, {});
    write_leaves();
    file_->note_alone(alone_place());
    write_removals();
    for (auto& m : batch_.requests) write_request(m);
    write_rows();
    write_drops();
    if (prune_) file_->prune(now_);
    return file_->commit();
}

void journal_writer::write_publications() {
    for (auto& p : batch_.publications) {
        publication& who = *p.who;
        queue_line& line = p.queue->line;
        if (!std::exchange(p.is_counted, true)) line.add(p.bytes);  // it was written in vain before
        if (!p.is_copy) {
            const bool fresh = !who.unique || file_->accept(line.queue_number(), who.message.id,
                                                            now_.paced + line.options().dedupe, now_.paced);
            who.outcome = fresh ? publication::outcome::confirmed : publication::outcome::duplicate;
        }
        if (who.outcome == publication::outcome::confirmed) {
            file_->insert(line.queue_number(), p.number, who.message);
        } else {
            line.subtract(p.bytes);
            p.is_counted = false;
        }
    }
}

// A result and what became of it, in the order in which they came.
void journal_writer::write_leaves() {
    auto change = batch_.results.begin();
    const auto write_changes = [&](std::size_t leaves) {
        for (; change != batch_.results.end() && change->leaves <= leaves; ++change) {
            for (const auto& one : change->who->changes) file_->change_result(change->who->store, one.key, one.expires);
        }
    };
    for (std::size_t i = 0; i < batch_.leaves.size(); ++i) {
        write_changes(i);
        const auto& l = batch_.leaves[i];
        const queue_line& line = l.queue->line;
        const queue_line::entry& e = *l.entry;
        if (l.fate == journal_batch::fate::change)
            file_->change(line.queue_number(), e.number, e.used,
                          l.pause == milliseconds(0) ? wall::time_point{} : now_.date + l.pause);
        if (l.fate == journal_batch::fate::dead_letter)
            file_->add_dead_letter(line.queue_number(), e.number, e.used, e.handed, l.reason, now_.date);
        if (l.who != nullptr && l.who->keep) file_->keep(*l.who->keep, now_.date);
    }
    write_changes(batch_.leaves.size());
}

// Neighbours in one statement: acknowledgements come mostly in the order of the messages.
void journal_writer::write_removals() {
    removals_.clear();
    for (const auto& l : batch_.leaves) {
        if (l.fate == journal_batch::fate::remove) removals_.push_back({l.queue, l.entry->number});
    }
    std::sort(removals_.begin(), removals_.end(), [](const removal& a, const removal& b) {
        return a.queue != b.queue ? a.queue->line.queue_number() < b.queue->line.queue_number() : a.number < b.number;
    });
    for (std::size_t i = 0; i < removals_.size();) {
        const removal& first = removals_[i];
        std::uint64_t last = first.number;
        for (++i; i < removals_.size() && removals_[i].queue == first.queue && removals_[i].number - last <= gap_max;
             ++i) {
            if (file_->has_holes() && removals_[i].number != last + 1) break;
            std::uint64_t between = last + 1;
            while (between < removals_[i].number && first.queue->line.is_gone(between)) ++between;
            if (between != removals_[i].number) break;
            last = between;
        }
        file_->remove(first.queue->line.queue_number(), first.number, last);
    }
}

void journal_writer::write_rows() {
    rows_.clear();
    for (journal_queue* const q : touched_) {
        if (!q->changed || q->line.queue_number() == 0) continue;
        std::size_t asked = 0;
        for (const auto& w : q->receptions) asked += w.who->max;
        rows_.emplace_back(q, q->line.row_to_write(asked));
        file_->write(rows_.back().second);
    }
}

void journal_writer::apply() {
    for (auto& [q, row] : rows_) {
        q->line.row_written(row);
        q->changed = false;
    }
    for (const auto& p : batch_.publications) {
        if (p.who->outcome == publication::outcome::confirmed) p.queue->line.admit(p.number, p.who->message);
    }
    // Once nothing can fail any more: who is answered is not answered again.
    for (const auto& p : batch_.publications) {
        if (!p.is_copy) completions_.add(*p.who);
    }
    for (auto& l : batch_.leaves) apply(l);
    alone_.taker = nullptr;
    for (reception* const r : batch_.takers) completions_.add(*r);
    for (const auto& r : batch_.results) {
        r.who->why.reset();
        completions_.add(*r.who);
    }
    std::vector<journal_batch::moving> unfinished;
    for (auto& m : batch_.requests) {
        apply(m);
        if (m.more) unfinished.push_back(std::move(m));
    }
    apply_drops();
    batch_.clear();
    batch_.requests = std::move(unfinished);
    if (file_->failed()) break_down(effect::not_done);
}

void journal_writer::apply(journal_batch::leaving& l) {
    queue_line& line = l.queue->line;
    if (l.who == nullptr && l.taker == nullptr) line.exhausted_over();
    if (l.fate == journal_batch::fate::change) line.postpone(*l.entry, l.pause, now_);
    else line.gone(*l.entry);
    if (l.fate == journal_batch::fate::dead_letter) ++l.queue->dead;
    if (l.who == nullptr) return;
    l.who->outcome = settlement::outcome::done;
    completions_.add(*l.who);
}

void journal_writer::fail_publications(errc code, effect e) {
    for (const auto& p : batch_.publications) {
        if (p.is_counted) p.queue->line.subtract(p.bytes);
        if (p.is_copy) continue;
        p.who->outcome = publication::outcome::failed;
        p.who->why = p.queue->failed(code, e);
        completions_.add(*p.who);
    }
    batch_.publications.clear();
}

void journal_writer::fail(errc code, effect e) {
    fail_publications(code, e);
    for (auto& l : batch_.leaves) {
        queue_line& line = l.queue->line;
        if (l.who != nullptr) {
            line.stay(*l.entry, now_);
            l.who->outcome = settlement::outcome::failed;
            l.who->why = l.queue->failed(code, e);
            completions_.add(*l.who);
        } else if (l.taker != nullptr) {
            line.give_back(*l.entry);
            l.taker->deliveries.clear();
            l.taker->why = l.queue->failed(code, e);
        } else {
            line.exhausted_over();
            line.postpone(*l.entry, seconds(1), now_);
        }
    }
    if (alone_.taker != nullptr) fail_alone(code, e);
    for (reception* const r : batch_.takers) completions_.add(*r);
    for (const auto& r : batch_.results) {
        r.who->why = code;
        completions_.add(*r.who);
    }
    for (auto& m : batch_.requests) {
        for (const auto& one : m.messages) one.queue->line.subtract(one.bytes);
        m.who->why = failure{code, e, label_};
        completions_.add(*m.who);
    }
    for (const auto& d : batch_.drops) {
        if (d.who == nullptr) continue;
        d.who->why = failure{code, e, label_};
        completions_.add(*d.who);
    }
    batch_.clear();
}

// Nothing is accepted or handed out any more: what is on the disk, and what is not, nobody knows.
void journal_writer::break_down(effect e) {
    if (broken_) return;
    broken_ = true;
    spdlog::critical("{} has stopped: {}; nothing is accepted or handed out until it is started again", label_,
                     file_->error_sentence());
    fail(errc::journal_stopped, e);
    for (journal_queue* const q : queues_) send_away(*q, errc::journal_stopped);
}

}  // namespace freshet
