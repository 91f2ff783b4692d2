// A consumer and a channel to a broker that answers late, in order, and is lost at any moment.
#include "queue/rabbitmq/consumer_state.hpp"

#include "support/schedules.hpp"
#include "support/state_script.hpp"

#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <set>
#include <utility>

namespace freshet::test {
namespace {

constexpr std::array request_names{"subscribe", "unsubscribe", "recover", "tell of the queue"};

class consumer_world final : public world {
public:
    explicit consumer_world(random_source&) {}

    void step(random_source& r);
    void end();

private:
    using event = consumer_event;
    enum class request : std::uint8_t { subscribe, unsubscribe, recover, ask };
    /// What the broker says: a delivery, or what is no delivery.
    struct said {
        event what;
        unsigned message{0};
        unsigned recoveries{0};  ///< that the broker has carried out before
    };

    void publish(random_source&) { ready_.insert(++messages_); }
    void connection(random_source&);
    void want(random_source& r) {
        constexpr std::array all{event::wanted, event::enough, event::unwanted};
        happens(all[r.below(all.size())]);
    }
    void ask_level(random_source&);
    void ask_for_others(random_source&);
    void settle(random_source& r);
    void broker_works(random_source&) { work(); }
    void broker_says(random_source&) { bring(); }

    void happens(event e) { happens(e, said{e}); }
    void happens(event e, const said& by);
    void carry_out(const consumer_actions& todo, const said& by);
    bool work();
    bool bring();
    void deliver();

    rabbitmq_consumer_state consumer_;
    bool connected_{false}, wanted_{false}, more_{false}, level_asked_{false};
    unsigned others_asked_{0}, messages_{0};
    std::deque<request> requests_;
    std::deque<said> answers_;
    std::set<unsigned> handed_over_;  ///< and not settled
    // At the broker:
    unsigned subscriptions_{0};
    bool cancelling_{false};
    unsigned recoveries_{0};
    std::set<unsigned> ready_, unacknowledged_;
};

void consumer_world::step(random_source& r) {
    static constexpr std::array<happening<consumer_world>, 8> all{{
        {4, &consumer_world::publish},
        {1, &consumer_world::connection},
        {2, &consumer_world::want},
        {1, &consumer_world::ask_level},
        {1, &consumer_world::ask_for_others},
        {2, &consumer_world::settle},
        {6, &consumer_world::broker_works},
        {6, &consumer_world::broker_says},
    }};
    draw_and_do(*this, all, r);
}

void consumer_world::connection(random_source&) {
    connected_ = !connected_;
    say("{}", connected_ ? "connected" : "lost");
    requests_.clear();
    answers_.clear();
    ready_.merge(std::exchange(unacknowledged_, {}));
    handed_over_.clear();
    cancelling_ = level_asked_ = false;
    subscriptions_ = 0;
    others_asked_ = 0;
    happens(connected_ ? event::ready : event::lost);
}

void consumer_world::ask_level(random_source&) {
    if (!connected_ || std::exchange(level_asked_, true)) return;
    say("how many are ready?");
    happens(event::level);
}

void consumer_world::ask_for_others(random_source&) {
    if (!connected_) return;
    say("are there others?");
    ++others_asked_;
    happens(event::others);
}

void consumer_world::settle(random_source& r) {
    if (handed_over_.empty() || !wanted_) return;
    const unsigned one = *std::next(handed_over_.begin(), static_cast<std::ptrdiff_t>(r.below(handed_over_.size())));
    say("{} is settled", one);
    handed_over_.erase(one);
    unacknowledged_.erase(one);
}

void consumer_world::happens(event e, const said& by) {
    if (e == event::wanted || e == event::unwanted || e == event::enough) {
        wanted_ = e == event::wanted || (wanted_ && e == event::enough);
        more_ = e == event::wanted;
        if (!wanted_) handed_over_.clear();  // nobody works on one
        say("messages are {}", more_ ? "wanted" : wanted_ ? "enough" : "not wanted");
    }
    if (e == event::cancelled) cancelling_ = false;
    carry_out(consumer_.take(e), by);
}

void consumer_world::carry_out(const consumer_actions& todo, const said& by) {
    if (todo.unsubscribe) requests_.push_back(request::unsubscribe), cancelling_ = true;
    if (todo.subscribe) {
        demand(!cancelling_, "the subscriptions before have not ended");
        requests_.push_back(request::subscribe);
    }
    if (todo.recover) requests_.push_back(request::recover);
    if (todo.ask) requests_.push_back(request::ask);
    if (todo.give_back) handed_over_.clear();
    if (todo.hand_over) {
        demand(wanted_, "{} is handed over, and nobody wants any", by.message);
        demand(by.recoveries == recoveries_, "{} is handed over, and the broker has taken it back", by.message);
        demand(handed_over_.insert(by.message).second, "{} is handed over twice", by.message);
    }
    if (todo.tell_levelled) demand(std::exchange(level_asked_, false), "nobody has asked how many are ready");
    if (todo.look_for_others) demand(others_asked_-- != 0, "nobody has asked for others");
}

/// The broker does what it was asked first. False: nothing.
bool consumer_world::work() {
    if (requests_.empty()) return false;
    const request r = requests_.front();
    requests_.pop_front();
    say("the broker was asked to {}", request_names.at(place_of(r)));
    switch (r) {
        case request::subscribe: ++subscriptions_; break;
        case request::unsubscribe:
            demand(std::exchange(subscriptions_, 0) != 0, "it is not subscribed");
            answers_.push_back({event::cancelled});
            break;
        case request::ask: answers_.push_back({event::answered}); break;
        case request::recover:
            ready_.merge(std::exchange(unacknowledged_, {}));
            ++recoveries_;
            answers_.push_back({event::recovered});
            break;
    }
    deliver();
    return true;
}

void consumer_world::deliver() {
    while (subscriptions_ != 0 && !ready_.empty()) {
        const unsigned one = ready_.extract(ready_.begin()).value();
        unacknowledged_.insert(one);
        answers_.push_back({event::delivered, one, recoveries_});
    }
}

/// What the broker said first comes. False: nothing.
bool consumer_world::bring() {
    if (answers_.empty()) return false;
    const said first = answers_.front();
    answers_.pop_front();
    if (first.what == event::delivered) say("{} comes", first.message);
    else
        say("it has {}", first.what == event::recovered   ? "recovered"
                         : first.what == event::cancelled ? "ended"
                                                          : "told");
    happens(first.what, first);
    return true;
}

/// All questions are answered, and no message is anywhere between the broker and its consumer.
void consumer_world::end() {
    random_source none(0);
    if (!connected_) connection(none);
    deliver();
    for (int left = 10'000; work() || bring(); --left) demand(left != 0, "there is no end of it");
    demand(!level_asked_ && others_asked_ == 0, "a question was not answered");
    demand((subscriptions_ != 0) == more_, "it is subscribed {} times", subscriptions_);
    demand(handed_over_ == unacknowledged_, "{} are handed over, {} have come", handed_over_.size(),
           unacknowledged_.size());
    demand(!more_ || ready_.empty(), "messages are with the broker, and wanted");
    demand(wanted_ || unacknowledged_.empty(), "messages are where nobody wants them");
}

TEST(consumer_state_schedules, each_message_is_with_the_broker_or_handed_over_once) {
    run_schedules<consumer_world>(10'000, 80);
}

}  // namespace
}  // namespace freshet::test
