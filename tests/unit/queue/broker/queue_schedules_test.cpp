// A broker's queue between its users and a broker that is late, refuses, and is lost at any moment.
#include "queue/broker/queue.hpp"

#include <freshet/error.hpp>
#include <freshet/message.hpp>
#include <freshet/time.hpp>

#include "config/broker_options.hpp"
#include "queue/operations.hpp"
#include "shard/shard.hpp"
#include "support/manual_clock.hpp"
#include "support/model_broker.hpp"
#include "support/schedules.hpp"
#include "support/state_script.hpp"

#include <gtest/gtest.h>
#include <boost/asio/io_context.hpp>

#include <array>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace freshet::test {
namespace {

constexpr std::array action_names{"acknowledge", "try again", "make a dead letter of", "renew", "release"};

/// Comes home to a world that looks.
template <class Operation>
struct looked_at final : Operation {
    void finish() override { ++came_home; }
    unsigned came_home{0};
};

class queue_world final : public world {
public:
    explicit queue_world(random_source& r) {
        options_.name = "thumbs";
        options_.queue.max_attempts = 3;
        options_.queue.ack_timeout = seconds(10);
        options_.prefetch = r.below(3) == 0 ? static_cast<unsigned>(1 + r.below(3)) : 0;
        if (r.below(4) == 0) options_.idle = milliseconds(-1);
        of_.emplace(back_, options_, clock_, [this](link_owner& owner) {
            broker_ = std::make_shared<model_broker>(owner);
            return broker_;
        });
    }

    void step(random_source& r);
    void end();

private:
    struct asked {
        looked_at<reception> what;
        steady::time_point until{}, given_up{};  ///< neither is known: it waits for ever
        bool cancelled{false};
    };
    struct decided {
        looked_at<settlement> what;
        std::string body;
        unsigned attempt;
    };
    /// Somebody works on it.
    struct held {
        std::uint64_t number;
        unsigned attempt;
        steady::time_point until;
        bool deciding{false};
    };

    void publish(random_source& r);
    void others_publish(random_source&) { broker_->put(next_body("o")); }
    void receive(random_source& r);
    void cancel(random_source& r);
    void settle(random_source& r);
    void broker_works(random_source& r);
    void broker_changes(random_source& r);
    void connection(random_source& r);
    void pass_time(random_source& r) { pass(some_time(r, 6'000)); }

    asked& ask(std::size_t max, milliseconds wait, bool settle_at_once);
    void decide(const std::string& body, enum settlement::action what, milliseconds delay);
    void pass(milliseconds time);
    std::string next_body(const char* who);

    void look();
    void came_home(const looked_at<publication>& p);
    void came_home(const asked& a);
    void came_home(const decided& d);
    void look_at_broker();
    bool anybody_waits() const;
    steady::time_point now() const { return clock_.now().since_start; }

    shard back_{"back"};  ///< never started: this thread is its own
    manual_clock clock_;
    broker_options options_;
    std::shared_ptr<model_broker> broker_;
    std::optional<broker_queue> of_;
    std::list<looked_at<publication>> published_;
    std::list<asked> asked_;
    std::list<decided> decided_;
    std::map<std::string, held> held_;
    std::map<std::string, unsigned> over_;  ///< and over which connection that was said
    std::set<std::string> confirmed_;
    unsigned bodies_{0};
};

void queue_world::step(random_source& r) {
    static constexpr std::array<happening<queue_world>, 9> all{{
        {4, &queue_world::publish},
        {4, &queue_world::others_publish},
        {6, &queue_world::receive},
        {1, &queue_world::cancel},
        {8, &queue_world::settle},
        {12, &queue_world::broker_works},
        {1, &queue_world::broker_changes},
        {2, &queue_world::connection},
        {3, &queue_world::pass_time},
    }};
    draw_and_do(*this, all, r);
    look();
}

std::string queue_world::next_body(const char* who) {
    std::string body = who + std::to_string(++bodies_);
    say("publish {}", body);
    return body;
}

void queue_world::publish(random_source& r) {
    auto& p = published_.emplace_back();
    p.home = &back_;
    p.message.body = next_body("p");
    if (r.below(4) == 0) p.message.not_before = clock_.now().date + some_time(r, 5'000);
    of_->publish(p);
}

void queue_world::receive(random_source& r) {
    const std::size_t max = r.below(4);
    const milliseconds wait = r.below(2) == 0 ? milliseconds::max() : some_time(r, 4'000);
    ask(max, wait, r.below(6) == 0);
}

queue_world::asked& queue_world::ask(std::size_t max, milliseconds wait, bool settle_at_once) {
    const bool ever = wait == milliseconds::max();
    say("receive {} within {} ms{}", max, ever ? -1 : wait.count(), settle_at_once ? ", settled at once" : "");
    asked& a = asked_.emplace_back();
    a.what.home = &back_;
    a.what.max = max;
    a.what.wait = wait;
    a.what.settle_at_once = settle_at_once;
    if (!ever) {
        a.until = now() + wait;
        a.given_up = a.until + options_.queue.confirm_within;
    }
    of_->receive(a.what);
    return a;
}

void queue_world::cancel(random_source& r) {
    for (asked& a : asked_) {
        if (r.below(3) != 0) continue;
        say("cancel");
        a.cancelled = true;
        of_->cancel(a.what);
    }
}

void queue_world::settle(random_source& r) {
    using action = enum settlement::action;
    constexpr std::array all{action::ack, action::ack, action::retry, action::dead, action::renew, action::release};
    for (const auto& [body, h] : held_) {
        if (h.deciding || r.below(3) != 0) continue;
        const milliseconds delay = r.below(2) == 0 ? milliseconds(0) : some_time(r, 5'000);
        return decide(body, all[r.below(all.size())], delay);
    }
}

void queue_world::decide(const std::string& body, enum settlement::action what, milliseconds delay) {
    say("{} {}", action_names.at(place_of(what)), body);
    held& h = held_.at(body);
    decided& d = decided_.emplace_back();
    d.body = body;
    d.attempt = h.attempt;
    d.what.home = &back_;
    d.what.number = h.number;
    d.what.attempt = h.attempt;
    d.what.action = what;
    d.what.delay = delay;
    h.deciding = true;
    if (what == settlement::action::ack) over_[body] = broker_->epoch();
    of_->settle(d.what);
}

void queue_world::broker_works(random_source& r) {
    for (auto left = 1 + r.below(4); left != 0; --left) {
        const bool works = r.below(2) == 0;
        if (works ? broker_->work() : broker_->bring())
            say("{}", works ? "the broker works" : "something comes from it");
        back_.context().poll();
    }
}

void queue_world::broker_changes(random_source& r) {
    broker_->refuses = r.below(2) == 0;
    broker_->others_want = r.below(2) == 0;
    say("the broker {}{}", broker_->refuses ? "refuses" : "takes", broker_->others_want ? ", others want some" : "");
}

void queue_world::connection(random_source&) {
    say("{}", broker_->is_connected() ? "the connection is lost" : "connected");
    if (broker_->is_connected()) broker_->lose();
    else broker_->connect();
}

void queue_world::pass(milliseconds time) {
    say("{} ms pass", time.count());
    clock_.pass(time);
    std::erase_if(held_, [this](const auto& one) { return !one.second.deciding && one.second.until <= now(); });
    of_->tick(steady::now());
    look();
    for (const asked& a : asked_)
        demand(a.until == steady::time_point{} || a.given_up > now(), "who received is not told at the time");
}

void queue_world::look() {
    while (back_.context().poll() != 0) {}
    const auto home = [this](auto& list, auto of) {
        for (auto at = list.begin(); at != list.end();) {
            const unsigned times = of(*at).came_home;
            demand(times <= 1, "something came home {} times", times);
            if (times == 1) came_home(*at);
            at = times == 1 ? list.erase(at) : std::next(at);
        }
    };
    home(
        decided_, [](const decided& d) -> auto& { return d.what; });
    home(
        asked_, [](const asked& a) -> auto& { return a.what; });
    home(
        published_, [](const looked_at<publication>& p) -> auto& { return p; });
    look_at_broker();
}

void queue_world::came_home(const looked_at<publication>& p) {
    const bool has = broker_->has(p.message.body);
    if (p.outcome == publication::outcome::confirmed) {
        demand(has, "{} was confirmed, and the broker has not got it", p.message.body);
        confirmed_.insert(p.message.body);
    } else {
        demand(!has || p.why.effect == effect::maybe_done, "{} was refused, and the broker has it", p.message.body);
    }
}

void queue_world::came_home(const asked& a) {
    if (a.what.why) demand(a.what.deliveries.empty(), "a reception failed, and has messages");
    else if (a.what.deliveries.empty())
        demand(a.cancelled || (a.until != steady::time_point{} && now() >= a.until), "who waits is told too early");
    demand(a.what.deliveries.size() <= a.what.max, "{} were asked for", a.what.max);
    for (const delivery& d : a.what.deliveries) {
        const std::string& body = d.message.body;
        say("{} attempt {} is handed out", body, d.message.attempt);
        demand(!held_.contains(body), "{} was handed out twice", body);
        const auto over = over_.find(body);
        demand(over == over_.end() || over->second != broker_->epoch(), "{} was settled before", body);
        demand(d.message.attempt >= 1 && d.message.attempt <= 3, "{}: attempt {}", body, d.message.attempt);
        demand(d.message.not_before <= clock_.now().date, "the time of {} has not come", body);
        if (a.what.settle_at_once) over_[body] = broker_->epoch();
        else held_[body] = {d.number, d.message.attempt, now() + options_.queue.ack_timeout};
    }
}

void queue_world::came_home(const decided& d) {
    using action = enum settlement::action;
    using outcome = enum settlement::outcome;
    demand(d.what.outcome != outcome::unknown, "{} was not known", d.body);
    held& h = held_.at(d.body);
    h.deciding = false;
    if (d.what.outcome == outcome::failed || d.what.action == action::renew) {
        h.until = now() + options_.queue.ack_timeout;
        return;
    }
    held_.erase(d.body);
    if (d.what.action == action::dead || (d.what.action == action::retry && d.attempt == 3))
        demand(broker_->has_dead(d.body), "{} is no dead letter", d.body);
}

void queue_world::look_at_broker() {
    demand(broker_->fault.empty(), "{}", broker_->fault);
    for (const std::string& body : broker_->take_settled())
        demand(body.empty() || over_.contains(body) || broker_->has_dead(body), "{} was lost", body);
    for (const std::string& body : broker_->take_given_back())
        demand(!held_.contains(body), "{} was given back, and somebody works on it", body);
    const bool starves = options_.prefetch == 0 && broker_->is_quiet() && broker_->ready() != 0 && anybody_waits();
    demand(!starves, "{} are ready on the broker, and somebody waits", broker_->ready());
}

bool queue_world::anybody_waits() const {
    for (const asked& a : asked_) {
        if (a.what.max != 0) return true;
    }
    return false;
}

/// Everything comes to an end, and has been accounted for on its way.
void queue_world::end() {
    if (!broker_->is_connected()) broker_->connect();
    broker_->refuses = broker_->others_want = false;
    for (asked& a : asked_) {
        a.cancelled = true;
        of_->cancel(a.what);
    }
    const auto work_on = [this] {
        do look();
        while (broker_->work() || broker_->bring());
    };
    work_on();
    const auto left = [this] {
        return broker_->ready() + broker_->unacknowledged() + of_->length() + published_.size() + decided_.size();
    };
    for (int rounds = 0; left() != 0; ++rounds) {
        demand(rounds < 300, "{} messages are left", left());
        pass(seconds(10));
        work_on();
        ask(10, milliseconds(0), false);
        work_on();
        for (const auto& [body, h] : std::map(held_)) {
            if (!h.deciding) decide(body, settlement::action::ack, {});
        }
        work_on();
    }
    demand(asked_.empty() && of_->figures().leased == 0 && of_->figures().delayed == 0, "something is left");
    for (const std::string& body : confirmed_)
        demand(over_.contains(body) || broker_->has_dead(body), "{} was confirmed, and is nowhere", body);
}

TEST(broker_queue_schedules, everything_is_accounted_for_whatever_becomes_of_the_connection) {
    run_schedules<queue_world>(500, 100);
}

}  // namespace
}  // namespace freshet::test
