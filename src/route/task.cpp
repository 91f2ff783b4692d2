#include "route/task_operations.hpp"

namespace freshet {

task_store::task_store(shard& home, std::size_t prefix_size, std::unique_ptr<queue_source> source, task_options options)
    : home_(home), prefix_size_(prefix_size), source_(std::move(source)), options_(options) {}

task_store::~task_store() {
    while (receiving* const r = receiving_.first) {
        receiving_.take(*r);
        delete r;
    }
}

bool task_store::submit(call& c) {
    const request& r = c.request;
    std::string_view rest = r.key.substr(prefix_size_);
    const bool publishes = r.command == command::store;
    failure why{errc::busy, effect::not_done, queue_subject};
    queue* const q = source_->find(rest, publishes && !r.too_large, why);
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
            if (r.too_large) {
                c.reply.outcome = outcome::too_large;
                return true;
            }
            if (q == nullptr) {
                c.reply.fail(why.code, why.effect, queue_subject);
                lost(c, why);
                return true;
            }
            return publish(c, *q, *key);
        case command::get:
            if (q == nullptr) return true;  // a queue that nobody has published to: a miss
            return receive(c, *q, *key);
        case command::remove:
            if (key->number == 0) {
                c.reply.refuse("delete acknowledges a delivery of a queue: delete KEY/<number>");
                return true;
            }
            c.reply.outcome = outcome::not_found;
            return q == nullptr || settle(c, *q, key->number, settlement::action::ack, {});
        default: c.reply.refuse("a queue knows set, add, get, gets and delete"); return true;
    }
}

void task_store::wake() {
    if (ticking_) return;
    ticking_ = true;
    home_.add(*this);
}

void task_store::tick(steady::time_point now) {
    line<publishing> late;  // aside first: an answered call may publish again
    for (publishing* p = publishing_.first; p != nullptr;) {
        publishing* const behind = p->behind;
        if (p->deadline <= now) {
            publishing_.take(*p);
            late.push(*p);
        }
        p = behind;
    }
    while (publishing* const p = late.first) {
        late.take(*p);
        call* const c = std::exchange(p->waiting, nullptr);
        c->reply.fail(errc::timed_out, effect::maybe_done, p->to->label());
        lost(*c, c->reply.why);
        c->complete();
    }
    for (receiving* r = receiving_.first; r != nullptr; r = r->behind) {
        if (r->cancelled || r->waiting->client == nullptr || !r->waiting->client->gone) continue;
        r->cancelled = true;
        r->from->cancel(*r);
    }
    if (publishing_.first != nullptr || receiving_.first != nullptr) return;
    ticking_ = false;
    home_.remove(*this);
}

std::unique_ptr<store> make_task_store(shard& home, std::size_t prefix_size, std::unique_ptr<queue_source> source,
                                       task_options options) {
    return std::make_unique<task_store>(home, prefix_size, std::move(source), options);
}

}  // namespace freshet
