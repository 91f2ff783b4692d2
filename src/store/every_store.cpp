// Commands without a key, flush_all and stats: asked of every store, answered once.

#include "store/every_store.hpp"

#include <freshet/error.hpp>

#include "call/call.hpp"
#include "call/step.hpp"
#include "protocol/form.hpp"
#include "protocol/reply.hpp"
#include "protocol/request.hpp"
#include "store/statistics.hpp"

#include <deque>
#include <optional>
#include <string>

namespace freshet {

namespace {

class every_store final : public store {
public:
    every_store(shard& home, std::vector<store*> all, std::vector<store*> emptied)
        : home_(home), all_(std::move(all)), emptied_(std::move(emptied)) {}

    bool submit(call& c) override;

private:
    /// One call of a client and what it became: one for each store. Ends itself.
    class asking final : public step {
    public:
        asking(call& of, bool flush_enabled) : of_(of), flush_enabled_(flush_enabled) {}
        /// True: all have answered already, `of` is answered and this is gone.
        bool start(shard& home, const std::vector<store*>& targets);
        bool on_reply(call& c) override;

    private:
        void take(const reply& a);
        void answer();

        call& of_;
        bool flush_enabled_;
        std::deque<call> calls_{};
        std::size_t missing_{0};
        bool starting_{false};
        statistics_sum sum_{};
        std::optional<failure> why_{};
        std::string refusal_{};  ///< a server's own line that is not OK
    };

    shard& home_;
    std::vector<store*> all_, emptied_;
};

bool every_store::submit(call& c) {
    const bool empties = c.request.command == command::flush_all;
    if (empties && emptied_.empty()) {
        c.reply.refuse("flush_all not allowed");  // as memcached with -F says it
        return true;
    }
    c.keep_key();
    auto* const a = new asking(c, !emptied_.empty());
    return a->start(home_, empties ? emptied_ : all_);
}

bool every_store::asking::start(shard& home, const std::vector<store*>& targets) {
    starting_ = true;
    for (store* const target : targets) {
        call& c = calls_.emplace_back();
        c.request.command = of_.request.command;
        c.request.key = of_.request.key;
        c.request.exptime = of_.request.exptime;
        c.home = &home;
        c.now = of_.now;
        ++missing_;
        freshet::start(*target, c, *this);
    }
    starting_ = false;
    if (missing_ != 0) return false;
    answer();
    delete this;
    return true;
}

bool every_store::asking::on_reply(call& c) {
    take(c.reply);
    --missing_;
    if (missing_ != 0 || starting_) return true;
    call& of = of_;
    answer();
    delete this;  // and `c` with it
    of.complete();
    return false;
}

void every_store::asking::take(const reply& a) {
    if (of_.request.command == command::stats) return sum_.add(a.data());
    if (a.outcome == outcome::failed && (!why_ || why_->effect == effect::not_done)) why_ = a.why;
    if (a.outcome == outcome::text && a.data() != "OK\r\n") refusal_ = a.data();
}

void every_store::asking::answer() {
    reply& a = of_.reply;
    if (of_.request.command ==
        command::stats) {  // who cannot be asked is missing in the sum, and seen in "stats servers"
        a.outcome = outcome::text;
        if (of_.request.key == "settings") append({"flush_enabled", flush_enabled_ ? "yes" : "no"}, a.value);
        if (of_.request.key == "reset") a.value.append("RESET\r\n");
        else sum_.finish(a.value);
    } else if (why_) {
        a.fail(why_->code, why_->effect, why_->subject);
    } else {
        a.outcome = outcome::text;
        a.value.append(refusal_.empty() ? "OK\r\n" : refusal_);
    }
}

}  // namespace

std::unique_ptr<store> make_every_store(shard& home, std::vector<store*> all, std::vector<store*> emptied) {
    return std::make_unique<class every_store>(home, std::move(all), std::move(emptied));
}

}  // namespace freshet
