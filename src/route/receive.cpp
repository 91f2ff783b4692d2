// get and delete on a queue route: take, acknowledge, give back.
#include "route/task_operations.hpp"

#include "call/call.hpp"
#include "protocol/reply.hpp"
#include "protocol/request.hpp"
#include "queue/operations.hpp"
#include "queue/queue.hpp"
#include "route/task.hpp"

#include <algorithm>

namespace freshet {

bool task_store::receive(call& c, queue& from, const task_key& key) {
    if (!key.id.empty() || key.number != 0) {
        c.reply.refuse("get takes from a queue: get KEY, KEY/open, KEY/close, KEY/close/open, KEY/abort, KEY/t=<ms>");
        return true;
    }
    if (hold(c, key.close || key.abort)) return false;
    if (key.close || key.abort) return close_oldest(c, from, key);
    return begin_receiving(c, from, key);
}

bool task_store::begin_receiving(call& c, queue& from, const task_key& key) {
    auto* const r = new receiving(*this);
    r->home = &home_;
    r->wait = key.wait;
    r->max = c.request.want_value || !key.plain() ? 1 : 0;  // mg without v takes nothing
    r->settle_at_once = !key.open;
    r->open = key.open;
    r->waiting = &c;
    r->from = &from;
    if (r->open && c.client != nullptr) ++c.client->opening;
    receiving_.push(*r);
    if (key.wait.count() != 0) wake();
    from.receive(*r);
    return false;
}

void task_store::received(receiving& done) {
    const std::unique_ptr<receiving> r(&done);
    receiving_.take(done);
    call& c = *r->waiting;
    if (r->open && c.client != nullptr) --c.client->opening;
    const bool gone = c.client != nullptr && c.client->gone;
    if (r->why) {
        c.reply.outcome = outcome::failed;
        c.reply.why = *r->why;
    } else if (r->max == 0) {
        c.reply.outcome = r->from->ready() != 0 ? outcome::hit : outcome::miss;
    } else if (r->deliveries.empty()) {
        c.reply.outcome = outcome::miss;
    } else {
        const delivery& d = r->deliveries.front();
        if (r->open && gone) {
            give_back(*r->from, d.number);
        } else if (r->open && c.client != nullptr) {
            c.client->open.push_back({r->from, d.number});
        }
        c.reply.outcome = outcome::hit;
        c.reply.value.append(d.message.body);
        c.reply.size = d.message.body.size();
        c.reply.flags = d.message.flags;
        c.reply.cas = d.number;
    }
    c.complete();
    if (!held_.empty()) resume_held();
}

/// The connection's oldest open delivery of this queue.
bool task_store::close_oldest(call& c, queue& from, const task_key& key) {
    std::uint64_t number = 0;
    if (c.client != nullptr) {
        auto& open = c.client->open;
        const auto oldest = std::find_if(open.begin(), open.end(), [&](const auto& o) { return o.queue == &from; });
        if (oldest != open.end()) {
            number = oldest->number;
            open.erase(oldest);
        }
    }
    if (number == 0) return key.open ? begin_receiving(c, from, key) : true;  // none open: a miss
    return settle(c, from, number, key.abort ? settlement::action::retry : settlement::action::ack, key);
}

bool task_store::settle(call& c, queue& in, std::uint64_t number, enum settlement::action action, const task_key& key) {
    if (c.client != nullptr)
        std::erase_if(c.client->open, [&](const auto& o) { return o.queue == &in && o.number == number; });
    auto* const s = new settling(*this);
    s->home = &home_;
    s->action = action;
    s->number = number;
    s->reason = "given back";
    s->waiting = &c;
    s->in = &in;
    s->then = key;
    if (key.open && c.client != nullptr) ++c.client->opening;  // what comes behind is under way already
    in.settle(*s);
    return false;
}

void task_store::settled(settling& done) {
    const std::unique_ptr<settling> s(&done);
    if (s->waiting == nullptr) return;
    call& c = *s->waiting;
    if (s->then.open && c.client != nullptr) --c.client->opening;
    const bool removes = c.request.command == command::remove;
    if (s->outcome == settlement::outcome::failed) {
        c.reply.outcome = outcome::failed;
        c.reply.why = s->why;
    } else if (removes) {
        c.reply.outcome = s->outcome == settlement::outcome::done ? outcome::deleted : outcome::not_found;
    } else if (s->then.open) {
        begin_receiving(c, *s->in, s->then);
        return;
    } else {
        c.reply.outcome = outcome::miss;
    }
    c.complete();
    if (!held_.empty()) resume_held();
}

/// A delivery whose client has left.
void task_store::give_back(queue& to, std::uint64_t number) {
    auto* const s = new settling(*this);
    s->home = &home_;
    s->action = settlement::action::retry;
    s->number = number;
    s->reason = "the client left";
    s->in = &to;
    to.settle(*s);
}

}  // namespace freshet
