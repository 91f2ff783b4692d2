// Receptions that wait, and what ends their waiting.
#include <freshet/time.hpp>

#include "contract/queue_suite.hpp"
#include "queue/operations.hpp"
#include "queue/queue.hpp"
#include "shard/shard.hpp"

#include <deque>
#include <future>

namespace freshet::test {

namespace {

struct waiting final {
    waiting(shard& home, queue& q, milliseconds wait, std::size_t max = 1) : r(home) {
        r.wait = wait;
        r.max = max;
        q.receive(r);
    }
    /// The bodies that came.
    strings end() {
        r.wait_done();
        strings bodies;
        for (const delivery& d : r.deliveries) bodies.push_back(d.message.body);
        return bodies;
    }
    bool over() { return future.wait_for(milliseconds(0)) == std::future_status::ready; }

    struct held final : reception {
        explicit held(shard& at) { home = &at; }
        void finish() override { done.set_value(); }
        void wait_done() { future.wait(); }
        std::promise<void> done;
        std::future<void> future{done.get_future()};
    };
    held r;
    std::future<void>& future{r.future};
};

}  // namespace

TEST_P(every_queue, a_reception_waits_for_a_message) {
    queue_user q = open();
    waiting w(shard_, q.of(), milliseconds::max());
    q.publish("a");
    EXPECT_EQ(w.end(), strings{"a"});
}

TEST_P(every_queue, receptions_are_served_in_the_order_they_came) {
    queue_user q = open();
    waiting first(shard_, q.of(), milliseconds::max());
    waiting second(shard_, q.of(), milliseconds::max());
    q.publish_all({make("a"), make("b"), make("c")});
    EXPECT_EQ(first.end(), strings{"a"});
    EXPECT_EQ(second.end(), strings{"b"});
    EXPECT_EQ(q.receive_bodies(), strings{"c"});
}

TEST_P(every_queue, a_reception_ends_empty_when_its_wait_is_over) {
    queue_user q = open();
    waiting w(shard_, q.of(), milliseconds(300));
    pass(milliseconds(299));
    EXPECT_FALSE(w.over());
    pass(milliseconds(1));
    EXPECT_EQ(w.end(), strings{});
    EXPECT_FALSE(w.r.why);
    q.publish("a");
    EXPECT_EQ(q.receive_bodies(), strings{"a"});
}

TEST_P(every_queue, a_reception_wakes_when_a_lease_runs_out) {
    queue_user q = open();
    q.publish("a");
    q.receive_one();
    waiting w(shard_, q.of(), milliseconds::max());
    pass(q.of().options().ack_timeout);
    EXPECT_EQ(w.end(), strings{"a"});
}

TEST_P(every_queue, a_cancelled_reception_comes_home_empty) {
    queue_user q = open();
    waiting w(shard_, q.of(), milliseconds::max());
    q.of().cancel(w.r);
    EXPECT_EQ(w.end(), strings{});
    EXPECT_FALSE(w.r.why);
    q.publish("a");
    EXPECT_EQ(q.receive_bodies(), strings{"a"});
}

TEST_P(every_queue, only_the_cancelled_reception_comes_home) {
    queue_user q = open();
    waiting first(shard_, q.of(), milliseconds::max());
    waiting second(shard_, q.of(), milliseconds::max());
    waiting third(shard_, q.of(), milliseconds::max());
    q.of().cancel(second.r);
    EXPECT_EQ(second.end(), strings{});
    EXPECT_FALSE(first.over());
    q.publish_all({make("a"), make("b")});
    EXPECT_EQ(first.end(), strings{"a"});
    EXPECT_EQ(third.end(), strings{"b"});
}

// A cancellation that crosses the message on its way: it comes home with the message or without, once, and none is
// lost.
TEST_P(every_queue, a_cancellation_may_cross_its_message) {
    queue_user q = open();
    int taken = 0;
    for (int i = 0; i < 300; ++i) {
        awaited<publication> p(shard_);
        waiting w(shard_, q.of(), milliseconds::max());
        q.of().publish(p);
        q.of().cancel(w.r);
        p.wait_home();
        w.r.wait_done();
        q.of().cancel(w.r);
        for (const delivery& d : w.r.deliveries) {
            ++taken;
            EXPECT_EQ(q.ack(d), settled::done);
        }
    }
    q.catch_up();
    EXPECT_EQ(q.of().length(), 300U - static_cast<unsigned>(taken));
    for (auto some = q.receive(); !some.empty(); some = q.receive()) taken += static_cast<int>(some.size());
    EXPECT_EQ(taken, 300);
}

// More cancellations than one turn of the queue takes in, and all of them there before that turn.
TEST_P(every_queue, every_one_of_many_cancellations_is_heard) {
    queue_user q = open();
    queue_user other = open({}, "other");
    awaited<publication> busy(shard_);
    busy.message.body.assign(20'000'000, 'x');
    std::deque<waiting> all;
    other.of().publish(busy);
    for (int i = 0; i < 6'000; ++i) {
        waiting& w = all.emplace_back(shard_, q.of(), milliseconds::max());
        if (i == 1 || i == 5'999) q.of().cancel(w.r);
    }
    busy.wait_home();
    EXPECT_EQ(all[1].end(), strings{});
    EXPECT_EQ(all[5'999].future.wait_for(seconds(20)), std::future_status::ready);
    EXPECT_FALSE(all[0].over());
    house_->stop();
    for (waiting& w : all) w.end();
}

TEST_P(every_queue, who_takes_none_does_not_stand_before_who_takes_one) {
    queue_user q = open();
    for (int i = 0; i < 20; ++i) {
        q.publish("a");
        awaited<reception> none(shard_), one(shard_);
        none.max = 0;
        one.wait = seconds(10);
        q.of().receive(none);
        q.of().receive(one);
        none.wait_home();
        one.wait_home();
        ASSERT_EQ(one.deliveries.size(), 1U) << i;
        q.ack(one.deliveries[0]);
    }
}

}  // namespace freshet::test
