// get and delete on a queue route: take, acknowledge, give back.
#include "protocol/reply.hpp"
#include "route/task.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <new>

namespace freshet {

namespace {

/// The delivery's number is the CAS of the answer.
bool tells_number(const form& f) noexcept {
    return f.dialect == dialect::classic_gets ||
           (f.dialect == dialect::meta && f.returns_view().find('c') != std::string_view::npos);
}

}  // namespace

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
    receiving& r = *free_receptions_.take([this] { return std::make_unique<receiving>(*this); }).release();
    lent_receptions_.push_back(r);
    r.home = &home_;
    r.wait = c.client != nullptr && c.client->sent_last ? milliseconds(0) : key.wait;
    r.max = c.request.want_value || !key.plain() ? 1 : 0;  // mg without v takes nothing
    r.settle_at_once = !key.open;
    r.open = key.open;
    r.number_told = tells_number(*c.form);
    r.cancelled = false;
    r.waiting = &c;
    r.from = &from;
    if (r.open && c.client != nullptr) ++c.client->of<client_deliveries>().opening;
    c.holder = &r;
    from.receive(r);
    return false;
}

void task_store::received(receiving& r) {
    call& c = *r.waiting;
    client_slots* const client = c.client;
    auto* const mine = r.open && client != nullptr ? &client->of<client_deliveries>() : nullptr;
    if (mine != nullptr) --mine->opening;
    if (r.why) {
        c.reply.fail(*r.why);
    } else if (r.max == 0) {
        c.reply.outcome = r.from->ready() != 0 ? outcome::hit : outcome::miss;
    } else if (r.deliveries.empty()) {
        c.reply.outcome = outcome::miss;
    } else if (r.cancelled) {
        c.reply.outcome = outcome::miss;
        take_back(r);
    } else {
        hand_out(r, mine);
    }
    r.deliveries.clear();
    r.why.reset();
    r.hook::unlink();
    r.from.reset();
    free_receptions_.give_back(std::unique_ptr<receiving>(&r));
    c.complete();
    resume_held(client);
}

void task_store::hand_out(receiving& r, client_deliveries* mine) noexcept {
    reply& a = r.waiting->reply;
    const delivery& d = r.deliveries.front();
    try {
        a.value.append(d.message.body);
        if (mine != nullptr) mine->open.push_back({r.from, d.number, d.message.attempt, this, r.number_told});
    } catch (const std::bad_alloc&) {
        a.reset();
        a.fail(errc::busy, effect::not_done, "the server");
        return take_back(r);
    }
    a.outcome = outcome::hit;
    a.size = d.message.body.size();
    a.flags = d.message.flags;
    a.cas = d.number;
}

/// The connection's oldest open delivery of this queue.
bool task_store::close_oldest(call& c, queue& from, const task_key& key) {
    std::uint64_t number = 0;
    auto* const mine = c.client != nullptr ? c.client->find<client_deliveries>() : nullptr;
    if (mine != nullptr) {
        const auto oldest =
            std::find_if(mine->open.begin(), mine->open.end(), [&](const auto& o) { return o.queue == &from; });
        if (oldest != mine->open.end()) number = oldest->number;
    }
    if (number == 0) return key.open ? begin_receiving(c, from, key) : true;  // none open: a miss
    return settle(c, from, number, key.abort ? settlement::action::retry : settlement::action::ack, key);
}

task_store::settling& task_store::begin_settling(queue& in, std::uint64_t number, enum settlement::action action,
                                                 std::string_view reason) {
    settling& s = *free_settlements_.take([this] { return std::make_unique<settling>(*this); }).release();
    lent_settlements_.push_back(s);
    s.home = &home_;
    s.action = action;
    s.number = number;
    s.reason = reason;
    s.in = &in;
    s.waiting = nullptr;
    s.then = {};
    s.was_open.reset();
    s.abandoned = false;
    s.attempt = 0;
    return s;
}

bool task_store::settle(call& c, queue& in, std::uint64_t number, enum settlement::action action, const task_key& key) {
    settling& s = begin_settling(in, number, action, "given back");
    s.waiting = &c;
    s.then = key;
    c.holder = &s;
    if (auto* const mine = c.client != nullptr ? c.client->find<client_deliveries>() : nullptr) {
        const auto at = std::find_if(mine->open.begin(), mine->open.end(),
                                     [&](const auto& o) { return o.queue == &in && o.number == number; });
        if (at != mine->open.end()) {
            s.was_open = *at;
            if (action == settlement::action::retry) s.attempt = at->attempt;  // of nobody else, who has it by now
            mine->open.erase(at);
        }
    }
    if (key.open && c.client != nullptr)
        ++c.client->of<client_deliveries>().opening;  // what comes behind is under way already
    in.settle(s);
    return false;
}

void task_store::settled(settling& s) {
    call* const c = std::exchange(s.waiting, nullptr);
    const task_key then = s.then;
    const bool goes_on = then.open && !s.abandoned;
    const queue_ptr in = std::move(s.in);
    const auto came_to = s.outcome;
    const failure why = s.why;
    const auto was_open = std::exchange(s.was_open, std::nullopt);
    const bool abandoned = s.abandoned;
    s.hook::unlink();
    free_settlements_.give_back(std::unique_ptr<settling>(&s));
    if (c == nullptr) return;
    client_slots* const client = c->client;
    if (then.open && client != nullptr) --client->of<client_deliveries>().opening;
    if (came_to == settlement::outcome::failed) {
        c->reply.fail(why);
        if (was_open && abandoned) {
            if (!was_open->number_told) give_back(*in, was_open->number, was_open->attempt, true);
        } else if (was_open) {
            stays_open(*client, *was_open);
        }
    } else if (c->request.command == command::remove) {
        c->reply.outcome = came_to == settlement::outcome::done ? outcome::deleted : outcome::not_found;
    } else if (goes_on) {
        if (goes_on_receiving(*c, *in, then)) return;
    } else {
        c->reply.outcome = outcome::miss;
    }
    c->complete();
    resume_held(client);
}

bool task_store::goes_on_receiving(call& c, queue& from, const task_key& key) noexcept {
    try {
        return !begin_receiving(c, from, key);
    } catch (const std::bad_alloc&) {
        c.reply.fail(errc::busy, effect::not_done, "the server");
        return false;
    }
}

/// Without memory nobody knows of it any more, and its lease ends.
void task_store::stays_open(client_slots& client, const client_deliveries::open_delivery& it) noexcept {
    auto& open = client.of<client_deliveries>().open;
    try {
        open.insert(open.begin(), it);
    } catch (const std::bad_alloc&) {}
}

void task_store::give_back(queue& to, std::uint64_t number, unsigned attempt, bool counts) {
    settling& s =
        begin_settling(to, number, counts ? settlement::action::retry : settlement::action::release, "the client left");
    s.attempt = attempt;
    to.settle(s);
}

/// It was handed out, and its client does not get it. What was acknowledged with that is published again.
void task_store::take_back(receiving& r) noexcept {
    delivery& d = r.deliveries.front();
    try {
        if (r.open) return give_back(*r.from, d.number, d.message.attempt, false);  // without memory its lease ends
        publishing& p = begin_publishing(*r.from);
        p.message = std::move(d.message);
        p.put_back = true;
        r.from->publish(p);
    } catch (const std::bad_alloc&) {
        if (!r.open)
            spdlog::error(
                "{}: a message was taken by a client that it cannot be given to, and cannot be put back: no memory",
                r.from->label());
    }
}

void client_deliveries::client_left() {
    for (const open_delivery& o : std::exchange(open, {})) {
        if (!o.number_told) o.by->give_back(*o.queue, o.number, o.attempt, true);
    }
}

}  // namespace freshet
