// What the journal's writer does for receptions.
#include "queue/journal/writer.hpp"

#include <freshet/error.hpp>

#include "base/bytes.hpp"
#include "queue/operations.hpp"

#include <algorithm>

namespace freshet {

namespace {
constexpr std::size_t reception_bytes_max = std::size_t{8} << 20;  ///< of the bodies in one answer
}

void journal_writer::serve(bool last_chance) {
    if (broken_) return;
    for (std::size_t i = 0; i < touched_.size(); ++i) serve(*touched_[i], last_chance);
    if (file_->failed() && !file_->forgive_no_memory()) break_down(effect::not_done);
}

void journal_writer::serve(journal_queue& q, bool last_chance) {
    for (auto at = q.receptions.begin(); at != q.receptions.end();) {
        reception& r = *at->who;
        const bool is_over = journal_queue::cancelled(r);
        if (!is_over && r.max == 0) {  // it only asks whether there is an answer
            ++at;
            continue;
        }
        if (!is_over && !fill(r, q)) break;
        at = q.receptions.erase(at);
        if ((!r.settle_at_once && alone_.taker != &r) || r.deliveries.empty()) completions_.add(r);
    }
    for (const auto& [e, reason] : q.line.take_exhausted()) {
        batch_.leaves.push_back({&q, e, journal_batch::fate::dead_letter, nullptr, nullptr, reason});
        q.changed = true;
    }
    if (q.line.mark_wanted()) q.changed = true;
    if (q.receptions.empty() || !last_chance) return;
    if (q.line.stalled() && !full_) return;
    // Nothing is there for the first of them that takes any, so for none.
    const auto over = [&](const journal_queue::waiting& w) {
        if (w.until > now_.since_start && !(q.cancels && journal_queue::cancelled(*w.who))) {
            next_tick_ = std::min(next_tick_, w.until);
            return false;
        }
        if (q.line.stalled()) w.who->why = q.failed(errc::disk_full);
        completions_.add(*w.who);
        return true;
    };
    std::erase_if(q.receptions, over);
    q.cancels = false;
}

// True: it has something.
bool journal_writer::fill(reception& r, journal_queue& q) {
    std::size_t bytes = 0;
    while (r.deliveries.size() < r.max && bytes < reception_bytes_max && (q.options().harmless || may_take())) {
        delivery& d = r.deliveries.emplace_back();
        queue_line::entry* const e = q.line.take(d, r.exhausted_too, now_);
        if (e == nullptr) {
            r.deliveries.pop_back();
            break;
        }
        bytes += d.message.body.size();
        if (careful_ && !r.settle_at_once && q.line.is_suspect(e->number) && !take_alone(r, q, *e)) break;
        if (!r.settle_at_once) continue;
        q.line.leave(*e, true);
        q.changed = true;
        batch_.leaves.push_back({&q, e, journal_batch::fate::remove, nullptr, &r});
    }
    if (r.deliveries.empty()) return false;
    if (r.settle_at_once || alone_.taker == &r) batch_.takers.push_back(&r);
    return true;
}

// All that wait, because the journal ends or has stopped.
void journal_writer::send_away(journal_queue& q, errc why) {
    for (const journal_queue::waiting& w : q.receptions) {
        w.who->why = q.failed(why);
        completions_.add(*w.who);
    }
    q.receptions.clear();
}

}  // namespace freshet
