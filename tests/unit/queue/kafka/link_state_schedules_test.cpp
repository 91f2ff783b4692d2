// A link and librdkafka with its group, which gives and takes partitions when it likes, and hears late who is a member.
#include "queue/kafka/link_state.hpp"

#include "support/schedules.hpp"
#include "support/state_script.hpp"

#include <gtest/gtest.h>

#include <array>
#include <utility>

namespace freshet::test {
namespace {

constexpr std::array event_names{
    "a broker answers", "no broker answers", "wanted",      "unwanted",       "subscribed", "given", "taken",
    "positions known",  "settled",           "commit time", "commit refused", "stopped"};

class kafka_world final : public world {
public:
    explicit kafka_world(random_source&) {}

    void step(random_source& r);
    void end();

private:
    using event = kafka_event;

    void broker(random_source&) { happens(link_.is_connected() ? event::lost : event::answers); }
    void want(random_source& r) { want(r.below(2) == 0); }
    void group(random_source&);
    void positions(random_source&);
    void settle(random_source& r) { happens(r.below(2) == 0 ? event::settled : event::commit_refused); }
    void commit_time(random_source&);
    void broker_refuses(random_source&) { refuses_ = !refuses_; }

    void want(bool yes);
    void happens(event e);
    void carry_out(const kafka_actions& todo);

    kafka_link_state link_;
    bool connected_{false}, wanted_{false}, commit_due_{false};
    bool asked_in_vain_{false};  ///< the positions of what is dropped by now
    // In librdkafka:
    bool refuses_{false};                              ///< to subscribe
    bool subscribed_{false}, late_{false};             ///< late: it was, and the group has not heard that it is no more
    bool holds_{false}, asked_{false}, known_{false};  ///< partitions; their positions are asked, and known
};

void kafka_world::step(random_source& r) {
    static constexpr std::array<happening<kafka_world>, 7> all{{
        {2, &kafka_world::broker},
        {3, &kafka_world::want},
        {4, &kafka_world::group},
        {4, &kafka_world::positions},
        {2, &kafka_world::settle},
        {2, &kafka_world::commit_time},
        {1, &kafka_world::broker_refuses},
    }};
    draw_and_do(*this, all, r);
}

void kafka_world::want(bool yes) {
    wanted_ = yes;
    happens(yes ? event::wanted : event::unwanted);
}

/// It gives partitions to a member, or takes them all.
void kafka_world::group(random_source&) {
    if (std::exchange(holds_, false)) return happens(event::taken);
    if (!subscribed_ && !std::exchange(late_, false)) return;
    holds_ = true;
    happens(event::given);
    demand(asked_, "what was given is not taken over");
}

/// Those of partitions that have been taken meanwhile may come, too.
void kafka_world::positions(random_source&) {
    if (std::exchange(asked_, false) || std::exchange(asked_in_vain_, false)) happens(event::positions_known);
}

void kafka_world::commit_time(random_source&) {
    if (std::exchange(commit_due_, false)) happens(event::commit_time);
}

void kafka_world::happens(event e) {
    say("{}", event_names.at(place_of(e)));
    carry_out(link_.take(e));
    demand(link_.is_connected() == connected_, "it was told that it is connected: {}", connected_);
    demand(!link_.is_reading() || (wanted_ && holds_ && known_), "messages come, and nobody wants or has any");
}

void kafka_world::carry_out(const kafka_actions& todo) {
    if (todo.commit_soon) demand(!std::exchange(commit_due_, true), "two commits are due");
    if (todo.decline) {
        demand(holds_ && !known_, "there is nothing to decline");
        holds_ = false;
    }
    if (todo.unsubscribe) {
        demand(std::exchange(subscribed_, false), "it is no member");
        demand(!asked_ || !holds_, "librdkafka waits for ever: what was given is neither read nor declined");
        late_ = !holds_ && !todo.decline;
    }
    if (todo.drop_partitions) {
        asked_in_vain_ = asked_in_vain_ || asked_;
        asked_ = known_ = false;
    }
    if (todo.give_up_partitions) demand(!holds_, "the group has not taken them");
    if (todo.take_over) asked_ = true;
    if (todo.read) {
        demand(holds_, "what was taken is read");
        known_ = true;
    }
    if (todo.tell_connected) demand(!std::exchange(connected_, true), "it is connected twice");
    if (todo.tell_disconnected) demand(std::exchange(connected_, false), "it is disconnected twice");
    if (!todo.subscribe) return;
    demand(wanted_ && link_.is_connected(), "it subscribes, and cannot or need not");
    demand(!subscribed_, "it subscribes twice");
    if (refuses_) return;
    subscribed_ = true;
    late_ = false;
    happens(event::subscribed);
}

/// Who wants messages gets them.
void kafka_world::end() {
    random_source none(0);
    refuses_ = false;
    if (connected_) broker(none);
    if (!wanted_) want(true);
    broker(none);
    if (holds_ && !asked_ && !known_) group(none);  // it was given to who has left since
    if (!holds_) group(none);
    positions(none);
    demand(link_.is_reading(), "nothing comes");
    want(false);
    if (holds_) group(none);
    demand(!subscribed_ && link_.now() == kafka_state::away, "it stays a member");
}

TEST(kafka_link_state_schedules, who_wants_messages_reads_what_the_group_has_given_and_nobody_else) {
    run_schedules<kafka_world>(10'000, 80);
}

}  // namespace
}  // namespace freshet::test
