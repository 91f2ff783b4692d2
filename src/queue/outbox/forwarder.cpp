#include "queue/outbox/forwarder.hpp"

#include "queue/line/queue_line.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <new>
#include <string_view>
#include <unordered_set>
#include <utility>

namespace freshet {

namespace {

constexpr std::size_t way_max = 2'048;  ///< messages on their way
constexpr std::size_t way_bytes_max = std::size_t{16} << 20;
constexpr std::size_t asked_at_once = 512;
constexpr std::size_t raised_after = 16;                           ///< confirms: one more may be on its way, up to all
constexpr milliseconds shortest_pause{100}, longest_pause{1'000};  ///< before the first is tried again
constexpr milliseconds look_every{250};                            ///< at what failed in the box

}  // namespace

/// A message that leaves the box.
struct forwarder::departure final : settlement {
    forwarder* owner{nullptr};
    void finish() override { owner->settled(*this); }
};

/// A message on its way.
struct forwarder::passage final : publication {
    enum class stage : std::uint8_t {
        unsent,  ///< or refused
        sent,
        over,  ///< confirmed
        dead,  ///< it will never be taken
    };
    forwarder* owner{nullptr};
    passage::stage is{stage::unsent};
    std::size_t bytes{0};
    std::size_t beside{0};  ///< so many were on their way when it was sent, itself too
    std::unique_ptr<departure> leave{std::make_unique<departure>()};

    void finish() override { owner->came_home(*this); }
};

forwarder::forwarder(shard& back, queue& box, std::string label, taker deliver)
    : back_(back),
      box_(box),
      label_(std::move(label)),
      deliver_(std::move(deliver)),
      sent_max_(way_max),
      pause_(shortest_pause) {
    asking_.owner = this;
    asking_.home = &back_;
    asking_.max = asked_at_once;
    asking_.wait = milliseconds::max();
}

forwarder::~forwarder() {
    while (stuck_ != nullptr) delete static_cast<departure*>(std::exchange(stuck_, stuck_->next));
}

void forwarder::stop() {
    stopping_ = true;
    box_.cancel(asking_);
    tick_while_needed();
}

// ---- from the box

void forwarder::ask() {
    if (stopping_ || asked_ || asking_.why || !asking_.deliveries.empty()) return;
    if (way_.size() + asked_at_once > way_max || bytes_ > way_bytes_max) return;
    asked_ = true;
    box_.receive(asking_);
}

/// What there is no memory for is taken over a little later.
void forwarder::take_over() {
    if (stopping_) return;  // they are still the box's
    try {
        for (; taken_over_ != asking_.deliveries.size(); ++taken_over_) take_over(asking_.deliveries[taken_over_]);
        asking_.deliveries.clear();
        taken_over_ = 0;
    } catch (const std::bad_alloc&) {
        look_at_ = back_.now() + look_every;
    }
    if (asking_.why) look_at_ = back_.now() + look_every;
    send_what_may_go();
    ask();
    tick_while_needed();
}

void forwarder::take_over(delivery& d) {
    auto made = std::make_unique<passage>();
    passage& p = *made;
    p.owner = p.leave->owner = this;
    p.home = p.leave->home = &back_;
    p.leave->number = d.number;
    p.passed_on = true;
    p.bytes = queue_line::weight_of(d.message);
    unsent_.push_back(&p);
    try {
        way_.push_back(std::move(made));
    } catch (...) {
        unsent_.pop_back();
        throw;
    }
    p.message = std::move(d.message);
    p.message.attempt = 0;  // what the box has counted
    bytes_ += p.bytes;
}

// ---- to where it goes

void forwarder::send(std::size_t at_most) {
    const std::size_t count = std::min(at_most, unsent_.size());
    if (stopping_ || count == 0) return;
    passage &first = *unsent_.front(), *last = nullptr;
    for (std::size_t i = 0; i < count; ++i) {
        passage& p = *unsent_.front();
        unsent_.pop_front();
        p.is = passage::stage::sent;
        p.outcome = publication::outcome::failed;
        p.beside = sent_ + count;
        if (last != nullptr) last->next = &p;
        last = &p;
    }
    last->next = nullptr;
    sent_ += count;
    deliver_(first, *last);
}

void forwarder::came_home(passage& p) {
    using stage = passage::stage;
    --sent_;
    if (p.outcome == publication::outcome::confirmed) {
        p.is = stage::over;
        confirmed();
    } else if (p.why.code == errc::message_too_large) {
        too_large(p);
    } else {
        p.is = stage::unsent;
        hold_up(p.why.code);
    }
    const bool taken = p.is != stage::unsent;
    depart();
    if (held_up_ && sent_ == 0) all_are_home(taken);
    send_what_may_go();
    ask();
    tick_while_needed();
}

void forwarder::confirmed() {
    if (sent_max_ == way_max || ++confirmed_ < raised_after) return;
    confirmed_ = 0;
    ++sent_max_;
}

/// Kafka refuses all that it was sent in one batch where only the batch was too large: each is tried alone.
void forwarder::too_large(passage& p) {
    if (p.beside != 1) {
        p.is = passage::stage::unsent;
        if (!std::exchange(held_up_, true)) sent_max_ = p.beside / 2;
        return;
    }
    spdlog::error("{} takes no message as large as {}, which is a dead letter of {} now", label_, p.message.id,
                  box_.label());
    p.is = passage::stage::dead;
    p.leave->action = settlement::action::dead;
    p.leave->reason = explain(p.why.code);
}

void forwarder::hold_up(errc why) {
    pausing_ = true;
    held_up_ = true;
    if (stopping_ || !said_.is_due(back_.now())) return;
    spdlog::warn("{} {}: what goes there waits in {}, {} now", label_, explain(why), box_.label(), box_.length());
}

/// The first that is not there yet is tried, and once it is taken the others follow.
void forwarder::all_are_home(bool taken) {
    if (std::exchange(probing_, false) && taken) return go_on();
    if (!std::exchange(pausing_, false)) return probe();
    probe_at_ = back_.now() + pause_;
    pause_ = std::min(2 * pause_, longest_pause);
}

/// Without memory a little later.
void forwarder::probe() {
    try {
        find_unsent();
    } catch (const std::bad_alloc&) {
        probe_at_ = back_.now() + longest_pause;
        return;
    }
    probing_ = true;
    send(1);
}

/// Also what was taken behind a refused one of its key goes again behind it: the last of a key is the last that comes.
void forwarder::find_unsent() {
    using stage = passage::stage;
    std::unordered_set<std::string_view> refused;
    unsent_.clear();
    for (const auto& p : way_) {
        const std::string_view key = p->message.key;
        if (p->is == stage::over && !key.empty() && refused.contains(key)) p->is = stage::unsent;
        if (p->is != stage::unsent) continue;
        unsent_.push_back(p.get());
        if (!key.empty()) refused.insert(key);
    }
}

void forwarder::go_on() {
    held_up_ = false;
    pause_ = shortest_pause;
    if (said_.reset()) spdlog::info("{}: takes messages again; {} wait in {}", label_, box_.length(), box_.label());
}

// ---- out of the box

void forwarder::depart() {
    using stage = passage::stage;
    while (!way_.empty() && way_.front()->is >= stage::over) {
        bytes_ -= way_.front()->bytes;
        settle(*way_.front()->leave.release());
        way_.pop_front();
    }
}

void forwarder::settle(departure& d) {
    ++leaving_;
    box_.settle(d);
}

/// What the box could not write (its disk is full) is settled again: else it would be sent once more after a restart.
void forwarder::settled(departure& d) {
    --leaving_;
    if (d.outcome != settlement::outcome::failed || stopping_) {
        delete &d;
        return;
    }
    d.next = std::exchange(stuck_, &d);
    look_at_ = back_.now() + look_every;
    tick_while_needed();
}

// ---- time

void forwarder::tick(steady::time_point now) {
    if (held_up_ && sent_ == 0 && now >= probe_at_) probe();
    if (now >= look_at_) {
        for (operation* o = std::exchange(stuck_, nullptr); o != nullptr;) {
            auto& d = static_cast<departure&>(*std::exchange(o, o->next));
            settle(d);
        }
        if (!asked_) {
            asking_.why.reset();
            take_over();
        }
    }
    tick_while_needed();
}

void forwarder::tick_while_needed() {
    const bool left = !asked_ && (asking_.why || taken_over_ != asking_.deliveries.size());
    const bool failed = stuck_ != nullptr || left;
    const bool wanted = !stopping_ && (failed || (held_up_ && sent_ == 0));
    if (wanted == ticking_) return;
    ticking_ = wanted;
    if (wanted) back_.add(*this);
    else back_.remove(*this);
}

}  // namespace freshet
