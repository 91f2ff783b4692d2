// A get that misses waits for the value, told by the store where it can tell.
#include "route/wait.hpp"

#include "call/sub_call.hpp"
#include "shard/deadlines.hpp"
#include "shard/free_list.hpp"

#include <boost/intrusive/list.hpp>

#include <algorithm>
#include <memory>
#include <utility>

namespace freshet {

namespace {

constexpr std::size_t late_at_once = 8'192;    ///< answered in one tick; the others in the next
constexpr milliseconds still_waited_for{500};  ///< once the client has sent its last
constexpr std::size_t polled_at_once = 1'024;  ///< asked again in one tick, in turn

namespace intrusive = boost::intrusive;
using list_hook = intrusive::list_base_hook<intrusive::link_mode<intrusive::auto_unlink>>;

class wait_store;

/// One get that waits. What it asks is a call of its own, so that the client's can be answered at its deadline whatever
/// a server does; it is free again once both that call and the watch are back.
struct waiting final : step, call_holder, waits_until, list_hook {
    struct wakeup final : watcher {
        void finish() override;
        waiting* of{nullptr};
    };

    waiting() { watch.of = this; }
    bool on_reply(call&) override;
    void abandon(call&) override;
    void client_sent_last(call&) override;
    bool in_use() const noexcept { return asking || watched; }

    std::size_t kept_bytes() const noexcept { return own.kept_bytes(); }
    void release_memory() noexcept { own.release_memory(); }

    wait_store* owner{nullptr};  ///< null: it is gone; this deletes itself
    call* of{nullptr};           ///< the client's; null: it is answered
    sub_call own;
    wakeup watch;
    bool asking{false};      ///< `own` is under way
    bool submitting{false};  ///< and in submit(), whose caller looks at the answer
    bool watched{false};     ///< `watch` is lent to the store
    bool told{false};        ///< a value came while it was asking
};

class wait_store final : public store, public ticker {
public:
    wait_store(shard& home, store& behind, milliseconds wait)
        : home_(home), behind_(behind), wait_(wait), free_(home) {}
    ~wait_store() override;

    bool submit(call& c) override;
    void tick(steady::time_point now) override;
    bool watch(watcher& w) override { return behind_.watch(w); }
    bool unwatch(watcher& w) override { return behind_.unwatch(w); }
    unsigned steps() const noexcept override { return behind_.steps(); }

    void replied(waiting& w);
    void woken(waiting& w);
    void end(waiting& w);
    void hurry(waiting& w);

private:
    waiting& begin(call& c);
    bool ask(waiting& w);
    bool has_answer(waiting& w);
    void answer(waiting& w);
    void let_go(waiting& w);
    void free_if_unused(waiting& w);

    shard& home_;
    store& behind_;
    milliseconds wait_;
    deadlines<waiting> waiting_;
    using list = intrusive::list<waiting, intrusive::constant_time_size<false>>;
    list polled_;      ///< of these: the store cannot tell, and has answered, so it is asked again
    list on_the_way_;  ///< their clients' calls are answered, and something of theirs is not back yet
    free_list<waiting> free_;
};

bool waiting::on_reply(call&) {
    asking = false;
    if (submitting) return true;
    if (owner != nullptr) owner->replied(*this);
    else if (!in_use()) delete this;
    return false;
}

void waiting::wakeup::finish() {
    of->watched = false;
    if (of->owner != nullptr) of->owner->woken(*of);
    else if (!of->in_use()) delete of;
}

void waiting::abandon(call&) { owner->end(*this); }

void waiting::client_sent_last(call&) { owner->hurry(*this); }

wait_store::~wait_store() {
    while (!waiting_.empty()) {
        waiting& w = waiting_.first();
        w.of->reply.fail(errc::stopping, effect::not_done, "the server");
        end(w);
    }
    while (!on_the_way_.empty()) {
        on_the_way_.front().owner = nullptr;
        on_the_way_.pop_front();
    }
}

bool wait_store::submit(call& c) {
    if (c.request.command != command::get || c.request.vivify) return behind_.submit(c);
    waiting& w = begin(c);
    if (ask(w) && has_answer(w)) {
        w.of = nullptr;
        std::swap(w.own.reply, c.reply);
        let_go(w);
        return true;
    }
    if (waiting_.empty()) home_.add(*this);
    waiting_.add(w);
    c.holder = &w;
    return false;
}

waiting& wait_store::begin(call& c) {
    waiting& w = *free_.take().release();
    w.owner = this;
    w.of = &c;
    w.own.copy(c);
    const milliseconds wait = c.client != nullptr && c.client->sent_last ? std::min(wait_, still_waited_for) : wait_;
    w.until = std::min(c.now + wait, c.deadline);
    w.own.deadline = w.until;
    w.watch.home = &home_;
    w.told = false;
    return w;
}

/// True: the answer is there.
bool wait_store::ask(waiting& w) {
    w.own.reply.reset();
    w.own.now = home_.now();
    w.asking = w.submitting = true;
    w.own.client = w.of->client;  // who reads what it has written; it may leave before this is answered
    start(behind_, w.own, w);
    w.own.client = nullptr;
    w.submitting = false;
    return !w.asking;
}

/// What was asked is answered. False: it was a miss, and the wait goes on.
bool wait_store::has_answer(waiting& w) {
    while (w.own.reply.outcome == outcome::miss) {
        if (!std::exchange(w.told, false)) {
            if (w.watched) return false;
            w.watch.key = w.own.request.key;
            w.watched = behind_.watch(w.watch);
            if (!w.watched) {
                polled_.push_back(w);
                return false;
            }
        }
        // A value may have come between the answer and the watch.
        if (!ask(w)) return false;
    }
    return true;
}

void wait_store::replied(waiting& w) {
    if (w.of == nullptr) return free_if_unused(w);
    if (has_answer(w)) answer(w);
}

void wait_store::woken(waiting& w) {
    if (w.of == nullptr) return free_if_unused(w);
    w.watched = behind_.watch(w.watch);
    if (w.asking) w.told = true;
    else if (ask(w) && has_answer(w)) answer(w);
}

void wait_store::answer(waiting& w) {
    std::swap(w.own.reply, w.of->reply);
    end(w);
}

/// The client's call is answered with what stands in it: a miss, if nothing was put there.
void wait_store::end(waiting& w) {
    call& c = *std::exchange(w.of, nullptr);
    waiting_.remove(w);
    if (waiting_.empty()) home_.remove(*this);
    let_go(w);
    c.complete();
}

/// Its client may have left without a word.
void wait_store::hurry(waiting& w) {
    waiting_.remove(w);
    w.until = std::min(w.until, home_.now() + still_waited_for);
    waiting_.add(w);
}

/// Its client's call is answered, or is about to be.
void wait_store::let_go(waiting& w) {
    w.list_hook::unlink();
    if (w.watched && behind_.unwatch(w.watch)) w.watched = false;
    if (w.in_use()) on_the_way_.push_back(w);
    if (w.asking) w.own.abandon();  // which may be its end
    else free_if_unused(w);
}

void wait_store::free_if_unused(waiting& w) {
    if (w.in_use()) return;
    w.list_hook::unlink();
    w.own.reply.lent.reset();
    free_.give_back(std::unique_ptr<waiting>(&w));
}

void wait_store::tick(steady::time_point now) {
    for (std::size_t n = 0; n < late_at_once; ++n) {
        waiting* const w = waiting_.late(now);
        if (w == nullptr) break;
        end(*w);
    }
    for (std::size_t n = 0; n < polled_at_once && !polled_.empty(); ++n) {
        waiting& w = polled_.front();
        if (w.own.now == now) break;  // the others were asked in this tick
        w.list_hook::unlink();
        if (ask(w) && has_answer(w)) answer(w);
    }
}

}  // namespace

std::unique_ptr<store> make_wait_store(shard& home, store& behind, milliseconds wait) {
    return std::make_unique<wait_store>(home, behind, wait);
}

}  // namespace freshet
