// set and add on a queue route: the message is confirmed before the client is answered.
#include <freshet/time.hpp>

#include "base/escape.hpp"
#include "call/call.hpp"
#include "protocol/exptime.hpp"
#include "protocol/reply.hpp"
#include "protocol/request.hpp"
#include "queue/operations.hpp"
#include "queue/queue.hpp"
#include "route/task.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <new>
#include <string>

namespace freshet {

/// `to`: null, it is to be made.
bool task_store::publish(call& c, queue_ptr to, const task_key& key) {
    const request& r = c.request;
    const bool unique = r.mode == store_mode::add;
    if ((r.mode != store_mode::set && !unique) || r.compare || r.assign || r.invalidate) {
        c.reply.refuse("a queue knows set and add only");
        return true;
    }
    if (key.open || key.close || key.abort || key.number != 0 || key.wait.count() != 0) {
        c.reply.refuse("set publishes under the name of a queue, or under NAME#id");
        return true;
    }
    if (unique && key.id.empty()) {
        c.reply.refuse("add needs an id: add KEY#id");
        return true;
    }
    if (home_.memory().is_tight()) {
        home_.memory().note_refusal();
        c.reply.fail(errc::busy, effect::not_done, "the server");
        return true;
    }
    failure why{errc::busy, effect::not_done, queue_subject};
    if (to == nullptr) {  // what was refused has made none
        std::string_view rest = r.key.substr(prefix_size_);
        to = source_->find(rest, true, why);
    }
    if (to == nullptr) {
        c.reply.fail(why.code, why.effect, why.subject);
        return true;
    }
    publishing& p = begin_publishing(*to);
    p.unique = unique;
    p.message.id = key.id;
    p.message.key = key.id;
    p.message.body = r.value;
    p.message.flags = r.flags;
    p.message.expires = to->options().expire ? expiry_of(r.exptime, wall::now()) : wall::time_point{};
    p.waiting = &c;
    p.noreply = c.form->noreply;
    p.until = c.now + to->options().confirm_within;
    p.counted_bytes = p.message.body.size();
    home_.memory().add(p.counted_bytes);
    publishing_.add(p);
    wake();
    to->publish(p);
    return false;
}

/// Of nobody who waits.
task_store::publishing& task_store::begin_publishing(queue& to) {
    publishing& p = *free_publications_.take([this] { return std::make_unique<publishing>(*this); }).release();
    lent_publications_.push_back(p);
    p.home = &home_;
    p.to = &to;
    p.waiting = nullptr;
    p.unique = p.put_back = false;
    return p;
}

void task_store::published(publishing& p) {
    call* const c = std::exchange(p.waiting, nullptr);
    home_.memory().subtract(std::exchange(p.counted_bytes, 0));
    if (c != nullptr) {
        publishing_.remove(p);
        switch (p.outcome) {
            case publication::outcome::confirmed: c->reply.outcome = outcome::stored; break;
            case publication::outcome::duplicate: c->reply.outcome = outcome::not_stored; break;
            case publication::outcome::failed:
                c->reply.fail(p.why);
                lost(*c, p.noreply);
                break;
        }
        c->reply.size = p.message.body.size();
    } else if (p.put_back && p.outcome != publication::outcome::confirmed) {
        spdlog::error("{}: the message {} was taken by a client that left, and cannot be put back: it {}, {}",
                      p.to->label(), escaped(p.message.id), explain(p.why.code), to_string(p.why.effect));
    }
    if (p.put_back) p.release_memory();  // headers and all, which no client's message has
    p.hook::unlink();
    p.to.reset();
    free_publications_.give_back(std::unique_ptr<publishing>(&p));
    if (c != nullptr) c->complete();
}

/// A noreply publish that failed or was refused: nobody would ever know.
void task_store::lost(call& c, bool noreply) noexcept {
    if (!noreply) return;
    reply& a = c.reply;
    a.close = options_.close_on_lost_noreply;
    try {
        std::string why(a.text);
        if (a.outcome == outcome::too_large) why = "it is larger than item_size_max";
        if (a.outcome == outcome::failed)
            why = fmt::format("{} {}, {}", a.why.subject, explain(a.why.code), to_string(a.why.effect));
        spdlog::warn("a noreply publish to {} is lost: {}", escaped(c.request.key), why);
    } catch (const std::bad_alloc&) {
        spdlog::warn("a noreply publish is lost");
    }
}

}  // namespace freshet
