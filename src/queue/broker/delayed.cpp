#include "queue/broker/delayed.hpp"

#include <freshet/time.hpp>

#include "base/since_1970.hpp"
#include "base/whole_number.hpp"
#include "queue/broker/headers.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>

namespace freshet {

namespace {

constexpr std::size_t sent_at_once = 256;

void put(message& m, std::string_view name, std::int64_t number) {
    m.headers.emplace_back(name, std::to_string(number));
}

/// 0: there is none.
std::int64_t take(message& m, std::string_view name) {
    const auto at = std::find_if(m.headers.begin(), m.headers.end(), [&](const auto& h) { return h.first == name; });
    if (at == m.headers.end()) return 0;
    const std::int64_t number = whole_number<std::int64_t>(at->second).value_or(0);
    m.headers.erase(at);
    return number;
}

/// A journal counts attempts of its own, and buries what expires there, where nobody would look for it.
void pack(message& m) {
    if (m.attempt != 0) put(m, attempt_header, m.attempt);
    if (m.expires != wall::time_point{}) put(m, expires_header, ms_since_1970(m.expires));
    m.attempt = 0;
    m.expires = {};
}

void unpack(message& m) {
    m.attempt = static_cast<unsigned>(take(m, attempt_header));
    m.expires = from_ms_since_1970(take(m, expires_header));
    m.not_before = {};
}

}  // namespace

struct delayed_messages::keeping final : publication {
    delayed_messages* owner{nullptr};
    told tell;

    void finish() override {
        const std::unique_ptr<keeping> self(this);
        --owner->lent_;
        tell(outcome == outcome::confirmed ? nullptr : &why);
    }
};

struct delayed_messages::sending final : publication {
    std::uint64_t number{0};
    void finish() override {}  // it does not leave the shard
};

struct delayed_messages::acknowledgement final : settlement {
    delayed_messages* owner{nullptr};

    void finish() override {
        const std::unique_ptr<acknowledgement> self(this);
        --owner->lent_;
    }
};

delayed_messages::delayed_messages(shard& back, queue& journal, std::uintptr_t tag, sender send,
                                   std::function<void()> over)
    : back_(back), journal_(journal), tag_(tag), send_(std::move(send)), over_(std::move(over)) {
    asking_.owner = this;
    asking_.home = &back_;
    asking_.max = sent_at_once;
    asking_.wait = milliseconds::max();
}

delayed_messages::~delayed_messages() {
    for (const sending* s : unsent_) delete s;
}

void delayed_messages::start() { ask(); }

void delayed_messages::keep(message m, told tell) {
    auto* const k = new keeping;
    k->owner = this;
    k->home = &back_;
    k->tell = std::move(tell);
    k->message = std::move(m);
    pack(k->message);
    ++lent_;
    journal_.publish(*k);
}

/// Those that the broker did not take leave room for others, up to a limit.
void delayed_messages::ask() {
    if (stopping_ || asked_ || sending_ > unsent_.size() || unsent_.size() >= sent_at_once) return;
    asked_ = true;
    ++lent_;
    journal_.receive(asking_);
}

void delayed_messages::due() {
    --lent_;
    asked_ = false;
    if (stopping_) return;            // they are still the journal's
    if (asking_.why) return over_();  // the journal has said so; it is asked again
    sending_ += asking_.deliveries.size();
    for (delivery& d : std::exchange(asking_.deliveries, {})) {
        auto* const s = new sending;
        s->tag = tag_;
        s->number = d.number;
        s->message = std::move(d.message);
        unpack(s->message);
        send_(*s);
    }
    ask();
    over_();
}

void delayed_messages::sent(publication& p) {
    auto& s = static_cast<sending&>(p);
    if (s.outcome == publication::outcome::confirmed) {
        settle(s, settlement::action::ack);
    } else if (s.why.code == errc::message_too_large) {  // it will never be taken
        spdlog::error("{}: the broker takes no message as large as {}, which is a dead letter of the journal now",
                      journal_.label(), s.message.id);
        settle(s, settlement::action::dead);
    } else {
        unsent_.push_back(&s);
    }
    ask();
}

void delayed_messages::settle(sending& s, enum settlement::action what) {
    auto* const a = new acknowledgement;
    a->owner = this;
    a->home = &back_;
    a->number = s.number;
    a->action = what;
    a->reason = explain(s.why.code);
    delete &s;
    --sending_;
    ++lent_;
    journal_.settle(*a);
}

void delayed_messages::send_again() {
    if (!asked_ && asking_.why) ask();
    for (sending* s : std::exchange(unsent_, {})) send_(*s);
}

void delayed_messages::stop() {
    stopping_ = true;
    journal_.cancel(asking_);
}

}  // namespace freshet
