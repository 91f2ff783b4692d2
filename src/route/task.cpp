#include "route/task.hpp"

#include <algorithm>

namespace freshet {

namespace {
constexpr std::size_t publications_told_late_at_once = 8'192;  ///< in one tick; the others in the next
}

task_store::task_store(shard& home, std::size_t prefix_size, std::unique_ptr<queue_source> source, task_options options)
    : home_(home),
      prefix_size_(prefix_size),
      source_(std::move(source)),
      options_(options),
      free_publications_(home),
      free_receptions_(home),
      free_settlements_(home) {}

task_store::~task_store() {
    if (ticking_) home_.remove(*this);
    while (!publishing_.empty()) publishing_.remove(publishing_.first());
    lent_publications_.clear_and_dispose(std::default_delete<publishing>());
    lent_receptions_.clear_and_dispose(std::default_delete<receiving>());
    lent_settlements_.clear_and_dispose(std::default_delete<settling>());
}

bool task_store::submit(call& c) {
    const bool answered = dispatch(c);
    if (answered && c.request.command == command::store) lost(c, c.form->noreply);
    return answered;
}

bool task_store::dispatch(call& c) {
    const request& r = c.request;
    std::string_view rest = r.key.substr(prefix_size_);
    failure why{errc::busy, effect::not_done, queue_subject};
    queue_ptr q = source_->find(rest, false, why);
    if (q == nullptr && why.code == errc::refused) {
        c.reply.refuse("the name of a queue is 1 to 64 of A-Z a-z 0-9 _ . : -");
        return true;
    }
    const auto key = parse_task_key(rest);
    if (!key) {
        c.reply.refuse(
            "behind the name of a queue comes nothing, #id, /open, /close, /close/open, /abort, /t=<ms>, or the number "
            "of a delivery");
        return true;
    }
    switch (r.command) {
        case command::store:
            if (r.no_room) {
                c.reply.fail(errc::busy, effect::not_done, "the server");
                return true;
            }
            if (r.too_large) {
                c.reply.outcome = outcome::too_large;
                return true;
            }
            return publish(c, std::move(q), *key);
        case command::get:
            if (r.touch) break;
            if (q == nullptr) return true;  // a queue that nobody has published to: a miss
            return receive(c, *q, *key);
        case command::remove:
            if (key->number == 0) {
                c.reply.refuse("delete acknowledges a delivery of a queue: delete KEY/<number>");
                return true;
            }
            c.reply.outcome = outcome::not_found;
            if (q == nullptr) return true;
            if (hold(c, !has_open(c, *q, key->number))) return false;
            return settle(c, *q, key->number, settlement::action::ack, {});
        default: break;
    }
    c.reply.refuse("a queue knows set, add, get, gets and delete, and ms, mg and md");
    return true;
}

/// The client knows the delivery by its number: it is none of those that are still to be opened.
bool task_store::has_open(const call& c, const queue& in, std::uint64_t number) {
    auto* const mine = c.client != nullptr ? c.client->find<client_deliveries>() : nullptr;
    return mine != nullptr && std::any_of(mine->open.begin(), mine->open.end(),
                                          [&](const auto& o) { return o.queue == &in && o.number == number; });
}

/// What settles waits for what this client has asked to open before: it may be what is meant. And what comes behind
/// waits for what waits. True: it does.
bool task_store::hold(call& c, bool settles) {
    if (c.client == nullptr || &c == resumed_) return false;
    auto* const mine = c.client->find<client_deliveries>();
    if (mine == nullptr || (mine->held.empty() && (mine->opening == 0 || !settles))) return false;
    c.keep_key();
    c.holder = this;
    mine->held.push_back({this, &c});
    return true;
}

void task_store::resume_held(client_slots* of) {
    auto* const mine = of != nullptr ? of->find<client_deliveries>() : nullptr;
    if (mine == nullptr) return;
    while (!mine->held.empty() && mine->opening == 0) {
        const auto [by, which] = mine->held.front();
        mine->held.pop_front();
        which->holder = nullptr;
        by->resumed_ = which;
        bool answered = true;
        try {
            answered = by->submit(*which);
        } catch (const std::bad_alloc&) {
            which->reply.fail(errc::busy, effect::not_done, "the server");
        }
        by->resumed_ = nullptr;
        if (answered) which->complete();
    }
}

/// Of those that are held: they ask for nothing yet.
void task_store::abandon(call& c) {
    auto& held = c.client->of<client_deliveries>().held;
    const auto at = std::find_if(held.begin(), held.end(), [&](const auto& h) { return h.which == &c; });
    if (at == held.end()) return;
    held.erase(at);
    c.complete();
}

void task_store::wake() {
    if (ticking_) return;
    ticking_ = true;
    home_.add(*this);
}

void task_store::tick(steady::time_point now) {
    for (std::size_t n = 0; n < publications_told_late_at_once; ++n) {
        publishing* const p = publishing_.late(now);
        if (p == nullptr) break;
        publishing_.remove(*p);
        call* const c = std::exchange(p->waiting, nullptr);
        c->reply.fail({errc::timed_out, effect::maybe_done, p->to->label()});
        lost(*c, p->noreply);
        c->complete();
    }
    if (!publishing_.empty()) return;
    ticking_ = false;
    home_.remove(*this);
}

std::unique_ptr<store> make_task_store(shard& home, std::size_t prefix_size, std::unique_ptr<queue_source> source,
                                       task_options options) {
    return std::make_unique<task_store>(home, prefix_size, std::move(source), options);
}

}  // namespace freshet
