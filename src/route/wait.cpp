// A get that misses waits for the value, told by the store where it can tell.

#include "route/wait.hpp"

#include "call/call.hpp"
#include "call/step.hpp"
#include "protocol/reply.hpp"
#include "protocol/request.hpp"

#include <vector>

namespace freshet {

namespace {

class wait_store final : public store, public step, public ticker {
public:
    wait_store(shard& home, store& behind, milliseconds wait) : home_(home), behind_(behind), wait_(wait) {}
    ~wait_store() override {
        for (waiting* w = first_; w != nullptr; w = w->behind) behind_.unwatch(*w);
    }

    bool submit(call& c) override {
        if (c.request.command == command::get && !c.request.vivify) c.push(*this);
        return behind_.submit(c);
    }
    bool on_reply(call& c) override;
    void tick(steady::time_point now) override;
    bool watch(watcher& w) override { return behind_.watch(w); }
    bool unwatch(watcher& w) override { return behind_.unwatch(w); }

private:
    /// A call that waits. All wait equally long, so the first is the next whose time is over.
    struct waiting final : watcher {
        void finish() override { owner->woken(*this); }

        wait_store* owner{nullptr};
        call* of{nullptr};  ///< null: the call was answered while finish() was on its way
        steady::time_point deadline{};
        waiting* before{nullptr};
        waiting* behind{nullptr};
        bool watched{false};  ///< the store will tell; else it is asked again at every tick
    };

    waiting& begin(call& c);
    void end(waiting& w);
    void ask_again(waiting& w);
    void woken(waiting& w);

    shard& home_;
    store& behind_;
    milliseconds wait_;
    waiting* first_{nullptr};
    waiting* last_{nullptr};
    waiting* next_{nullptr};  ///< tick() goes on here; end() keeps it in the line
    std::vector<std::unique_ptr<waiting>> all_;
    std::vector<waiting*> free_;
};

bool wait_store::on_reply(call& c) {
    auto* const w = static_cast<waiting*>(c.scratch);
    const bool wanted = c.reply.outcome == outcome::miss && (c.client == nullptr || !c.client->gone);
    if (!wanted) {
        if (w != nullptr) end(*w);
        return true;
    }
    if (w != nullptr) return false;  // goes on waiting
    begin(c);
    // The value may have come between the answer and the watch.
    c.reply.reset();
    c.push(*this);
    return behind_.submit(c);
}

wait_store::waiting& wait_store::begin(call& c) {
    if (free_.empty()) {
        all_.push_back(std::make_unique<waiting>());
        free_.push_back(all_.back().get());
    }
    waiting& w = *free_.back();
    free_.pop_back();
    if (first_ == nullptr) home_.add(*this);
    w.home = &home_;
    w.owner = this;
    w.of = &c;
    w.key = c.request.key;
    w.deadline = home_.now() + wait_;
    w.before = last_;
    w.behind = nullptr;
    (last_ != nullptr ? last_->behind : first_) = &w;
    last_ = &w;
    w.watched = behind_.watch(w);
    c.scratch = &w;
    return w;
}

void wait_store::end(waiting& w) {
    if (next_ == &w) next_ = w.behind;
    (w.before != nullptr ? w.before->behind : first_) = w.behind;
    (w.behind != nullptr ? w.behind->before : last_) = w.before;
    if (first_ == nullptr) home_.remove(*this);
    w.of->scratch = nullptr;
    w.of = nullptr;
    if (!w.watched || behind_.unwatch(w)) free_.push_back(&w);
}

void wait_store::ask_again(waiting& w) {
    call& c = *w.of;
    c.reply.reset();
    c.now = home_.now();
    start(behind_, c, *this);
}

void wait_store::woken(waiting& w) {
    w.watched = false;
    if (w.of == nullptr) {
        free_.push_back(&w);
        return;
    }
    w.watched = behind_.watch(w);
    ask_again(w);
}

void wait_store::tick(steady::time_point now) {
    for (waiting* w = first_; w != nullptr; w = next_) {
        next_ = w->behind;
        call& c = *w->of;
        if (w->deadline <= now || (c.client != nullptr && c.client->gone)) {
            end(*w);
            c.complete();
        } else if (!w->watched) {
            ask_again(*w);
        }
    }
}

}  // namespace

std::unique_ptr<store> make_wait_store(shard& home, store& behind, milliseconds wait) {
    return std::make_unique<wait_store>(home, behind, wait);
}

}  // namespace freshet
