#include "route/task.hpp"

#include <freshet/error.hpp>

#include "protocol/reply.hpp"
#include "protocol/request.hpp"
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
    const bool answered = dispatch(c);
    if (answered && c.request.command == command::store) lost(c);
    return answered;
}

bool task_store::dispatch(call& c) {
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
                return true;
            }
            return publish(c, *q, *key);
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
            if (hold(c, true)) return false;
            return settle(c, *q, key->number, settlement::action::ack, {});
        default: break;
    }
    c.reply.refuse("a queue knows set, add, get, gets and delete, and ms, mg and md");
    return true;
}

/// What settles waits for what this client has asked to open before: it may be what is meant. And what comes behind
/// waits for what waits. True: it does.
bool task_store::hold(call& c, bool settles) {
    if (c.client == nullptr || &c == resumed_) return false;
    if (c.client->held == 0 && (c.client->opening == 0 || !settles)) return false;
    c.keep_key();
    ++c.client->held;
    held_.push_back(&c);
    wake();  // the last of them may come home to another store
    return true;
}

void task_store::resume_held() {
    for (std::size_t i = 0; i < held_.size();) {
        call* const c = held_[i];
        if (c->client->opening != 0) {
            ++i;
            continue;
        }
        held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(i));
        --c->client->held;
        resumed_ = c;
        const bool answered = submit(*c);
        resumed_ = nullptr;
        if (answered) c->complete();
        i = 0;  // an answered call may have held or resumed others
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
        lost(*c);
        c->complete();
    }
    for (receiving* r = receiving_.first; r != nullptr; r = r->behind) {
        if (r->cancelled || r->waiting->client == nullptr || !r->waiting->client->gone) continue;
        r->cancelled = true;
        r->from->cancel(*r);
    }
    resume_held();
    if (publishing_.first != nullptr || receiving_.first != nullptr || !held_.empty()) return;
    ticking_ = false;
    home_.remove(*this);
}

std::unique_ptr<store> make_task_store(shard& home, std::size_t prefix_size, std::unique_ptr<queue_source> source,
                                       task_options options) {
    return std::make_unique<task_store>(home, prefix_size, std::move(source), options);
}

}  // namespace freshet
