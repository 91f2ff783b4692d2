// After several ends of the process in a row that were in no good order: what may have been worked on then is handed
// out one at a time, with nothing beside it, and noted before. So a message that ends the process is known.
#include "queue/journal/writer.hpp"

#include "queue/journal/file/format.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace freshet {

// Nor while one waits for the others to end: it would wait for ever.
bool journal_writer::may_take() noexcept {
    if (alone_.in == nullptr && !(careful_ && held_up_)) return true;
    held_up_ = true;
    return false;
}

std::size_t journal_writer::leased() const noexcept {
    std::size_t all = 0;
    for (const journal_queue* const q : queues_) all += q->options().harmless ? 0 : q->line.leased();
    return all;
}

/// It was just handed out, last of all. False: something else is being worked on, so it goes back.
bool journal_writer::take_alone(reception& r, journal_queue& q, queue_line::entry& e) {
    if (leased() > 1) {
        r.deliveries.pop_back();
        q.line.release(e);
        held_up_ = true;
        return false;
    }
    alone_ = {&q, e.number, &r};
    spdlog::warn("{}: message {} of {} is worked on alone: all others of this journal wait until it is settled", label_,
                 e.number, q.label());
    return true;
}

/// Behind what the transaction that is being made holds.
std::int64_t journal_writer::alone_place() const {
    const bool still = alone_.in != nullptr && alone_.in->line.is_leased(alone_.number);
    return still ? journal_format::place(alone_.in->line.queue_number(), alone_.number) : 0;
}

/// Nobody has it.
void journal_writer::fail_alone(errc code, effect e) {
    if (queue_line::entry* const one = alone_.in->line.open(alone_.number)) alone_.in->line.release(*one);
    alone_.taker->deliveries.clear();
    alone_.taker->why = alone_.in->failed(code, e);
    alone_ = {};
}

void journal_writer::end_alone_turn() {
    if (alone_.in != nullptr && !alone_.in->line.is_leased(alone_.number)) {
        alone_ = {};
        held_up_ = true;
        careful_ =
            std::any_of(queues_.begin(), queues_.end(), [](const journal_queue* q) { return q->line.has_suspects(); });
    }
    if (!held_up_ || alone_.in != nullptr || leased() != 0) return;
    held_up_ = false;
    for (journal_queue* const q : queues_) {
        if (!q->receptions.empty()) touch(*q);
    }
}

}  // namespace freshet
