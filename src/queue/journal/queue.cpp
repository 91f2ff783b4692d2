#include "queue/journal/queue.hpp"

namespace freshet {

namespace {

// A tag is the queue's address and, in the bits that are free in it, what kind of work it is; one more says
// "cancelled".
constexpr std::uintptr_t cancelled_bit = 8;

std::uintptr_t tag_of(const journal_queue& q, journal_work what) noexcept {
    return reinterpret_cast<std::uintptr_t>(&q) | static_cast<std::uintptr_t>(what);
}

}  // namespace

journal_queue::journal_queue(journal_writer& writer, journal_file& file, std::string name, const queue_options& options)
    : line(file, std::move(name), options), writer_(writer), label_("queue " + line.name()) {
    note.tag = tag_of(*this, journal_work::cancel);
}

void journal_queue::publish(publication& first, publication& last) noexcept {
    for (operation* o = &first; o != nullptr; o = o->next) o->tag = tag_of(*this, journal_work::publication);
    writer_.put(first, last);
}

void journal_queue::receive(reception& r) noexcept {
    r.deliveries.clear();
    r.why.reset();
    std::atomic_ref(r.tag).store(tag_of(*this, journal_work::reception), std::memory_order_relaxed);
    writer_.put(r, r);
}

void journal_queue::begin() noexcept {
    note_sent = true;
    writer_.put(note, note);
}

void journal_queue::drop(drop_request& r) noexcept {
    r.tag = tag_of(*this, journal_work::drop);
    writer_.put(r, r);
}

// The reception may be on its way home, or home already: only its tag is touched, and the writer looks at what it has.
void journal_queue::cancel(reception& r) noexcept {
    std::atomic_ref(r.tag).fetch_or(cancelled_bit);
    if (!note_sent.exchange(true)) writer_.put(note, note);
}

void journal_queue::settle(settlement& s) noexcept {
    s.tag = tag_of(*this, journal_work::settlement);
    writer_.put(s, s);
}

void journal_queue::show() {
    figures_.show(line);
    dead_.store(dead, std::memory_order_relaxed);
}

queue_figures journal_queue::figures() const noexcept {
    queue_figures all = figures_.all();
    all.dead = dead_.load(std::memory_order_relaxed);
    return all;
}

bool journal_queue::cancelled(reception& r) noexcept { return (std::atomic_ref(r.tag).load() & cancelled_bit) != 0; }

}  // namespace freshet
