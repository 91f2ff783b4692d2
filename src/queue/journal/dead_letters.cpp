// Dead letters: what the journal's writer lists, replays and drops.
#include "queue/journal/writer.hpp"

#include "base/bytes.hpp"
#include "queue/journal/dead_request.hpp"

#include <algorithm>

namespace freshet {

namespace {
constexpr std::size_t moved_at_once = 1'000;  ///< in one transaction
}

journal_queue* journal_writer::queue_of(std::string_view name) const noexcept {
    const auto at =
        std::find_if(queues_.begin(), queues_.end(), [name](const journal_queue* q) { return q->name() == name; });
    return at == queues_.end() ? nullptr : *at;
}

journal_queue* journal_writer::queue_of(std::uint64_t number) const noexcept {
    const auto at = std::find_if(queues_.begin(), queues_.end(),
                                 [number](const journal_queue* q) { return q->line.queue_number() == number; });
    return at == queues_.end() ? nullptr : *at;
}

// The queue's number for the statements: 0 is all. False: it has no dead letters, since it was never written.
bool journal_writer::find_asked(const dead_request& r, std::uint64_t& number) const noexcept {
    number = 0;
    if (r.queue.empty()) return true;
    const journal_queue* const q = queue_of(r.queue);
    number = q != nullptr ? q->line.queue_number() : 0;
    return number != 0;
}

void journal_writer::write_request(journal_batch::moving& m) {
    dead_request& r = *m.who;
    for (const auto& one : m.messages) one.queue->line.subtract(one.bytes);  // they were written in vain before
    m.messages.clear();
    m.moved = 0;
    m.last = m.after;
    m.more = false;
    std::uint64_t asked = 0;
    if (r.action == dead_request::action::list || file_->failed() || !find_asked(r, asked)) return;
    std::vector<std::uint64_t> numbers;
    if (r.numbers.empty()) {
        numbers = file_->dead_numbers(asked, m.after, moved_at_once);
        if (!numbers.empty()) m.last = numbers.back();
    } else {
        const std::size_t count = std::min(r.numbers.size() - m.after, moved_at_once);
        const auto from = r.numbers.begin() + static_cast<std::ptrdiff_t>(m.after);
        numbers.assign(from, from + static_cast<std::ptrdiff_t>(count));
        m.last = m.after + count;
    }
    m.more = numbers.size() == moved_at_once;
    for (const std::uint64_t number : numbers) {
        const auto found = file_->read_dead(number);
        if (!found || (asked != 0 && found->queue != asked)) continue;
        journal_queue* const q = queue_of(found->queue);
        if (q == nullptr) continue;  // of a queue that was dropped
        if (r.action == dead_request::action::drop) {
            file_->drop(number);
        } else {  // limits are for publishers: what was accepted once is accepted again
            const std::uint64_t bytes = queue_line::size_of(found->letter.message);
            q->line.add(bytes);
            m.messages.push_back({q, q->line.take_number(), bytes});
            file_->replay(number, found->queue, m.messages.back().number);
            q->changed = true;
            touch(*q);
        }
        ++m.moved;
    }
}

void journal_writer::apply(journal_batch::moving& m) {
    dead_request& r = *m.who;
    for (const auto& one : m.messages) one.queue->line.admit_unseen(one.number);
    m.messages.clear();
    m.after = m.last;
    r.count += m.moved;
    if (r.action == dead_request::action::list) list(r);
    else count_dead();
    if (!m.more) completions_.add(r);
}

void journal_writer::count_dead() {
    for (journal_queue* const q : queues_) {
        const std::uint64_t before = q->dead;
        q->dead = q->line.queue_number() != 0 ? file_->count_dead(q->line.queue_number()) : 0;
        if (q->dead != before) touch(*q);
    }
}

void journal_writer::list(dead_request& r) {
    std::uint64_t asked = 0;
    if (!find_asked(r, asked)) return;
    r.count = file_->count_dead(asked);
    std::vector<std::uint64_t> numbers = r.numbers;
    if (numbers.empty()) numbers = file_->dead_numbers(asked, 0, r.max);
    for (const std::uint64_t number : numbers) {
        if (r.letters.size() == r.max) break;
        auto found = file_->read_dead(number);
        if (!found || (asked != 0 && found->queue != asked)) continue;
        const journal_queue* const q = queue_of(found->queue);
        if (q == nullptr) continue;
        found->letter.queue = q->name();
        r.letters.push_back(std::move(found->letter));
    }
}

}  // namespace freshet
