// What the journal's writer does with publications before their transaction: a number and room for each, in its queue
// and in those that its copies go to. It is put into all of them, or into none.
#include "queue/journal/writer.hpp"

#include <freshet/error.hpp>
#include <freshet/time.hpp>

#include "queue/journal/file/format.hpp"
#include "queue/operations.hpp"

namespace freshet {

namespace {
constexpr std::size_t expired_at_once = 64;   ///< for one message that finds no room
constexpr milliseconds expiry_interval{100};  ///< when nothing was found
}  // namespace

void journal_writer::take_in(publication& p, journal_queue& q) {
    if (closing_) return refuse(p, errc::stopping, completions_);
    if (queue_line::weight_of(p.message) > journal_format::message_bytes_max)
        return refuse(p, errc::message_too_large, completions_);
    touch(q);
    queue_line& line = q.line;
    if (line.queue_number() == 0) give_number(q);
    const std::uint64_t number = line.take_number();
    if (p.message.id.empty()) p.message.id = journal_format::make_id(file_->tag(), line.queue_number(), number);
    const std::uint64_t bytes = queue_line::size_of(p.message);
    if (const auto why = reserve(q, bytes)) return refuse(p, *why, completions_);
    if (!p.passed_on) p.message.time = now_.date;
    p.message.attempt = 0;
    p.outcome = publication::outcome::failed;
    q.changed = true;
    batch_.publications.push_back({&q, &p, number, bytes});
    batch_.bytes += bytes;
    if (!q.copies.empty()) take_in_copies(p, q, bytes);
}

/// Room for one more message, or why there is none.
std::optional<errc> journal_writer::reserve(journal_queue& q, std::uint64_t bytes) {
    auto why = q.line.reserve(bytes);
    if (why && expire_some(q)) why = q.line.reserve(bytes);
    return why;
}

/// What nobody has asked for since its time was over makes room. True: some of it is leaving.
bool journal_writer::expire_some(journal_queue& q) {
    if (now_.since_start < q.next_expiry || full_ || !file_->has_reserve()) return false;
    bool any = false;
    for (const std::uint64_t number : file_->expired(q.line.queue_number(), now_.date, expired_at_once))
        any = q.line.expire(number) || any;
    if (!any) q.next_expiry = now_.since_start + expiry_interval;
    return any;
}

/// Behind the publication itself, which is in the batch. Where one of them has no room it is refused.
void journal_writer::take_in_copies(publication& p, const journal_queue& q, std::uint64_t bytes) {
    const std::size_t first = batch_.publications.size();
    for (journal_queue* const to : q.copies) {
        touch(*to);
        if (to->line.queue_number() == 0) give_number(*to);
        if (const auto why = reserve(*to, bytes)) return take_back(first - 1, to->failed(*why));
        to->changed = true;
        batch_.publications.push_back({to, &p, to->line.take_number(), bytes, true});
        batch_.bytes += bytes;
    }
}

/// The last publication and its copies, from there on.
void journal_writer::take_back(std::size_t from, const failure& why) {
    publication& p = *batch_.publications[from].who;
    for (std::size_t i = from; i < batch_.publications.size(); ++i) {
        const journal_batch::publishing& one = batch_.publications[i];
        one.queue->line.subtract(one.bytes);
        batch_.bytes -= one.bytes;
    }
    batch_.publications.resize(from);
    p.why = why;
    completions_.add(p);
}

}  // namespace freshet
