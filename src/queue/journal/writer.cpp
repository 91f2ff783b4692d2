#include "queue/journal/writer.hpp"

#include "queue/journal/file/format.hpp"

#include <pthread.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <future>

namespace freshet {

namespace {

constexpr std::size_t batch_max = 4'096;                       ///< operations in one transaction
constexpr std::size_t batch_bytes_max = std::size_t{8} << 20;  ///< and their bytes
constexpr std::size_t batch_max_when_full = 16;                ///< what the reserve has room for
constexpr seconds prune_interval{10};
constexpr milliseconds look_interval{500};

// A reception may be cancelled, in its tag, while it is looked at.
std::uintptr_t tag_of(operation& o) noexcept { return std::atomic_ref(o.tag).load(std::memory_order_relaxed); }
journal_work kind_of(operation& o) noexcept { return static_cast<journal_work>(tag_of(o) & 7); }
journal_queue& lent_to(operation& o) noexcept {
    return *reinterpret_cast<journal_queue*>(tag_of(o) & ~std::uintptr_t{15});
}

struct writer_function final : operation {
    explicit writer_function(const std::function<void()>& w) : work(w) {
        tag = static_cast<std::uintptr_t>(journal_work::function);
    }
    void finish() override {}
    const std::function<void()>& work;
    std::promise<void> done;
};

}  // namespace

void journal_batch::clear() noexcept {
    publications.clear();
    leaves.clear();
    expired_leases.clear();
    requests.clear();
    takers.clear();
    results.clear();
    drops.clear();
    bytes = 0;
}

journal_writer::journal_writer(std::unique_ptr<journal_file> file, const queue_clock& clock, queue_owner& owner,
                               milliseconds idle)
    : file_(std::move(file)),
      clock_(clock),
      owner_(owner),
      idle_(idle),
      label_("the journal " + file_->path()),
      now_(clock.now()),
      dropped_through_(file_->dropped_through()),
      careful_(file_->is_suspicious()) {}

void journal_writer::add(journal_queue& q) {
    if (q.known) return;
    q.known = true;
    q.place = queues_.size();
    queues_.push_back(&q);
    next_queue_number_ = std::max(next_queue_number_, q.line.queue_number() + 1);
    use(q);
}

void journal_writer::sweep_later(std::uint64_t queue_number) {
    swept_.push_back(queue_number);
    next_queue_number_ = std::max(next_queue_number_, queue_number + 1);
}

void journal_writer::start() {
    find_free_numbers();
    thread_ = std::thread([this] {
        ::pthread_setname_np(::pthread_self(), "journal");
        run();
    });
}

void journal_writer::stop() {
    closing_ = true;
    arrived_.ring();
    if (thread_.joinable()) thread_.join();
    if (!closed_.exchange(true)) close();
    put_back(mail_.take());
}

void journal_writer::put(operation& first, operation& last) noexcept {
    if (mail_.put(first, last)) arrived_.ring();
    if (closed_.load()) put_back(mail_.take());
}

void journal_writer::put(dead_request& r) noexcept {
    r.tag = static_cast<std::uintptr_t>(journal_work::dead_request);
    r.letters.clear();
    r.count = 0;
    r.why.reset();
    put(r, r);
}

void journal_writer::put(result_changes& r) noexcept {
    r.tag = static_cast<std::uintptr_t>(journal_work::result_changes);
    put(r, r);
}

// Lent after the end. Any thread.
void journal_writer::put_back(operation* o) noexcept {
    completion_batch way;
    while (o != nullptr) {
        operation* const after = o->next;
        refuse(*o, errc::stopping, way);
        o = after;
    }
    way.post();
}

void journal_writer::run_and_wait(const std::function<void()>& work) {
    writer_function e(work);
    auto done = e.done.get_future();
    put(e, e);
    done.wait();
}

void journal_writer::run() noexcept {
    for (;;) {
        const std::uint32_t rung = arrived_.count();
        if (idle()) {
            if (closing_) break;
            arrived_.sleep(rung, time_to_sleep());
        }
        now_ = clock_.now();
        try {
            take_turn();
        } catch (const std::exception& e) {  // what it was about to do is half done
            file_->mark_damaged(e.what());
            break_down(effect::maybe_done);
        }
    }
}

void journal_writer::take_turn() {
    tick();
    gather();
    serve(false);
    post_completions();
    commit();
    serve(true);
    post_completions();
    end_turn();
    if (may_sweep()) sweep();
    completions_.post();
    if (!broken_ && !file_->checkpoint_if_long()) break_down(effect::maybe_done);
}

// Who is answered finds the figures as they are then.
void journal_writer::post_completions() {
    for (journal_queue* const q : touched_) q->show();
    completions_.post();
}

bool journal_writer::idle() const noexcept {
    return pending_ == nullptr && mail_.empty() && batch_.empty() && touched_.empty() && !may_sweep();
}

std::chrono::nanoseconds journal_writer::time_to_sleep() const {
    const std::chrono::nanoseconds longest = clock_.glance();
    if (next_tick_ == steady::time_point::max()) return longest;
    return std::min<std::chrono::nanoseconds>(longest, next_tick_ - clock_.now().since_start);
}

void journal_writer::tick() {
    if (now_.since_start >= next_prune_ && !broken_) {
        next_prune_ = now_.since_start + prune_interval;
        prune_ = file_->has_old(now_);
    }
    if (now_.since_start >= next_look_ && !broken_) {
        next_look_ = now_.since_start + look_interval;
        if (!file_->is_in_place()) {
            file_->mark_damaged("its file or its log has been deleted or moved away");
            break_down(effect::maybe_done);
        }
        look_at_queues();
    }
    if (now_.since_start < next_tick_ && now_.date < next_date_) return;
    next_tick_ = steady::time_point::max();
    next_date_ = now_.date + clock_.glance();
    for (journal_queue* const q : queues_) {
        q->line.tick(now_, [this, q](const queue_line::entry& e) {
            if (!broken_) batch_.expired_leases.push_back({q->line.queue_number(), e.number, e.used});
            touch(*q);
        });
        next_tick_ = std::min(next_tick_, q->line.next_tick(now_));
        if (!q->receptions.empty()) touch(*q);
    }
}

void journal_writer::gather() {
    if (pending_ == nullptr) pending_ = mail_.take();
    const std::size_t most = file_->has_reserve() ? batch_max : batch_max_when_full;
    const std::size_t bytes = std::min<std::size_t>(batch_bytes_max, file_->reserve_bytes() / 4);
    const auto has_room = [&] { return batch_.publications.size() < most && batch_.bytes < bytes; };
    for (std::size_t count = 0; pending_ != nullptr && count < most && has_room(); ++count) {
        operation& o = *pending_;
        pending_ = o.next;
        take_in(o);
    }
}

void journal_writer::take_in(operation& o) {
    if (broken_ && kind_of(o) != journal_work::function) return refuse(o, errc::journal_stopped, completions_);
    switch (kind_of(o)) {
        case journal_work::publication: return take_in(static_cast<publication&>(o), lent_to(o));
        case journal_work::settlement: return take_in(static_cast<settlement&>(o), lent_to(o));
        case journal_work::reception: {
            auto& r = static_cast<reception&>(o);
            if (closing_) return refuse(o, errc::stopping, completions_);
            if (lent_to(o).is_gone()) return completions_.add(r);  // as where there is no such name
            // Its note may have been taken in a turn before.
            if (journal_queue::cancelled(r)) lent_to(o).cancels = true;
            const bool ever = r.wait >= milliseconds(std::chrono::hours(24 * 365));
            lent_to(o).receptions.push_back({&r, ever ? steady::time_point::max() : now_.since_start + r.wait});
            return touch(lent_to(o));
        }
        case journal_work::cancel:
            lent_to(o).note_sent = false;
            lent_to(o).cancels = true;
            return touch(lent_to(o));
        case journal_work::dead_request: batch_.requests.push_back({static_cast<dead_request*>(&o)}); return;
        case journal_work::result_changes: return take_in(static_cast<result_changes&>(o));
        case journal_work::drop: batch_.drops.push_back({&lent_to(o), static_cast<drop_request*>(&o)}); return;
        case journal_work::function:
            static_cast<writer_function&>(o).work();
            static_cast<writer_function&>(o).done.set_value();
            return;
    }
}

void journal_writer::take_in(settlement& s, journal_queue& q) {
    touch(q);
    queue_line::entry* const e = q.line.open(s.number, s.attempt);
    if (e == nullptr) {
        s.outcome = settlement::outcome::unknown;
        return completions_.add(s);
    }
    journal_batch::leaving l{&q, e, journal_batch::fate::remove, &s};
    switch (s.action) {
        case settlement::action::renew:
            if (careful_ && !q.line.is_leased(e->number)) {  // another may be alone by now
                s.outcome = settlement::outcome::unknown;
                return completions_.add(s);
            }
            q.line.renew(*e, now_);
            s.outcome = settlement::outcome::done;
            return completions_.add(s);
        case settlement::action::release:
            if (s.delay == milliseconds(0)) {
                q.line.release(*e);
                q.changed = q.changed || careful_;  // that it is not alone any more is noted
                s.outcome = settlement::outcome::done;
                return completions_.add(s);
            }
            l.fate = journal_batch::fate::change;
            l.pause = s.delay;
            break;
        case settlement::action::ack: break;
        case settlement::action::dead:
            q.line.count_attempt(*e);
            l.fate = journal_batch::fate::dead_letter;
            l.reason = s.reason;
            break;
        case settlement::action::retry:
            q.line.count_attempt(*e);
            l.fate = q.line.exhausted(*e) ? journal_batch::fate::dead_letter : journal_batch::fate::change;
            l.reason = s.reason.empty() ? std::string_view("attempts used up") : std::string_view(s.reason);
            l.pause = s.delay;
            break;
    }
    q.line.leave(*e, l.fate != journal_batch::fate::change);
    q.changed = true;
    if (s.keep) batch_.bytes += s.keep->value.size();
    batch_.leaves.push_back(l);
}

void journal_writer::take_in(result_changes& r) {
    constexpr std::size_t bytes_of_a_change = 512;  // of the log, more or less
    batch_.results.push_back({&r, batch_.leaves.size()});
    batch_.bytes += r.changes.size() * bytes_of_a_change;
}

void journal_writer::refuse(operation& o, errc code, completion_batch& way) {
    switch (kind_of(o)) {
        case journal_work::publication: {
            auto& p = static_cast<publication&>(o);
            p.outcome = publication::outcome::failed;
            p.why = lent_to(o).failed(code);
            break;
        }
        case journal_work::reception: static_cast<reception&>(o).why = lent_to(o).failed(code); break;
        case journal_work::settlement: {
            auto& s = static_cast<settlement&>(o);
            s.outcome = settlement::outcome::failed;
            s.why = lent_to(o).failed(code);
            break;
        }
        case journal_work::dead_request:
            static_cast<dead_request&>(o).why = failure{code, effect::not_done, label_};
            break;
        case journal_work::result_changes: static_cast<result_changes&>(o).why = code; break;
        case journal_work::drop: static_cast<drop_request&>(o).why = failure{code, effect::not_done, label_}; break;
        case journal_work::cancel: return;
        case journal_work::function:
            static_cast<writer_function&>(o).work();
            static_cast<writer_function&>(o).done.set_value();
            return;
    }
    way.add(o);
}

void journal_writer::touch(journal_queue& q) {
    if (q.touched) return;
    q.touched = true;
    add(q);
    use(q);
    touched_.push_back(&q);
}

// Queues whose receptions may get more after another transaction stay for the next turn.
void journal_writer::end_turn() {
    std::size_t stay = 0;
    for (journal_queue* const q : touched_) {
        next_tick_ = std::min(next_tick_, q->line.next_tick(now_));
        if (!q->receptions.empty() && q->line.stalled() && !broken_ && !full_) {
            touched_[stay++] = q;
        } else {
            q->touched = false;
        }
    }
    touched_.resize(stay);
    if (careful_) end_alone_turn();  // which may touch some for the next
}

journal_file::outcome journal_writer::settle_marks() {
    file_->begin();
    for (journal_queue* const q : queues_) {
        if (q->line.queue_number() == 0) continue;
        for (const std::uint64_t number : q->line.handed_numbers())
            file_->change_handed(q->line.queue_number(), number);
        file_->write(q->line.last_row());
    }
    file_->note_end();
    return file_->commit();
}

void journal_writer::close() {
    for (journal_queue* const q : queues_) send_away(*q, errc::stopping);
    completions_.post();
    if (!broken_) {
        auto ended = settle_marks();
        if (ended == journal_file::outcome::full) {
            file_->make_room();
            ended = settle_marks();
        }
        if (ended != journal_file::outcome::done)
            spdlog::warn("{} could not be settled at its end ({}): messages may count as redelivered", label_,
                         file_->error_sentence());
    }
    file_->close();
}

}  // namespace freshet
