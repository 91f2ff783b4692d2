// The order of messages of one key, and of a queue that is ordered as a whole.
#include <freshet/config.hpp>
#include <freshet/message.hpp>
#include <freshet/time.hpp>

#include "contract/queue_suite.hpp"
#include "queue/operations.hpp"

#include <map>
#include <random>

namespace freshet::test {

TEST_P(every_queue, messages_of_one_key_are_handed_out_one_at_a_time) {
    queue_user q = open();
    q.publish_all(
        {make("a1", "a"), make("a2", "a"), make("b1", "b"), make("x"), make("a3", "a"), make("b2", "b"), make("y")});
    const auto first = q.receive();
    strings bodies;
    for (const delivery& d : first) bodies.push_back(d.message.body);
    ASSERT_EQ(bodies, (strings{"a1", "b1", "x", "y"}));
    q.ack(first[0]);
    EXPECT_EQ(q.receive_bodies(), strings{"a2"});
    q.ack(first[1]);
    EXPECT_EQ(q.receive_bodies(), strings{"b2"});
}

TEST_P(every_queue, a_key_waits_while_its_first_message_is_tried_again) {
    queue_user q = open();
    q.publish_all({make("a1", "a"), make("a2", "a"), make("b1", "b")});
    EXPECT_EQ(q.retry(q.receive_one(), seconds(10)), settled::done);
    EXPECT_EQ(q.receive_bodies(), strings{"b1"});
    pass(seconds(10));
    const delivery again = q.receive_one();
    EXPECT_EQ(again.message.body, "a1");
    EXPECT_TRUE(q.receive().empty());
    q.ack(again);
    EXPECT_EQ(q.receive_bodies(), strings{"a2"});
}

TEST_P(every_queue, a_key_goes_on_behind_a_dead_letter) {
    queue_user q = open();
    q.publish_all({make("a1", "a"), make("a2", "a")});
    EXPECT_EQ(q.settle(action::dead, q.receive_one().number, {}, "broken"), settled::done);
    EXPECT_EQ(q.receive_bodies(), strings{"a2"});
}

TEST_P(every_queue, a_key_waits_for_a_lapsed_lease) {
    queue_user q = open();
    q.publish_all({make("a1", "a"), make("a2", "a")});
    q.receive_one();
    EXPECT_TRUE(q.receive().empty());
    pass(q.of().options().ack_timeout);
    EXPECT_EQ(q.receive_bodies(), strings{"a1"});
}

TEST_P(every_queue, the_order_of_a_key_outlives_a_restart) {
    NEEDS(lasting_leases);
    queue_user q = open();
    q.publish_all({make("a1", "a"), make("a2", "a"), make("a3", "a")});
    q.ack(q.receive_one());
    const delivery second = q.receive_one();
    house_->restart();
    q = open();
    EXPECT_EQ(q.receive_one().message.body, "a2");
    EXPECT_TRUE(q.receive().empty());
    EXPECT_EQ(q.ack(second), settled::done);
    EXPECT_EQ(q.receive_bodies(), strings{"a3"});
}

TEST_P(every_queue, an_ordered_queue_hands_out_one_at_a_time) {
    queue_options options;
    options.ordered = true;
    queue_user q = open(options);
    for (const auto* body : {"a", "b", "c"}) q.publish(body);
    const delivery a = q.receive_one();
    EXPECT_TRUE(q.receive().empty());
    EXPECT_EQ(q.retry(a, seconds(5)), settled::done);
    EXPECT_TRUE(q.receive().empty());
    pass(seconds(5));
    const delivery again = q.receive_one();
    EXPECT_EQ(again.message.body, "a");
    EXPECT_EQ(q.ack(again), settled::done);
    const delivery b = q.receive_one();
    EXPECT_EQ(b.message.body, "b");
    EXPECT_EQ(q.settle(action::dead, b.number, {}, "x"), settled::done);
    EXPECT_EQ(q.receive_bodies(), strings{"c"});
}

TEST_P(every_queue, an_ordered_queue_waits_for_the_time_of_its_first_message) {
    queue_options options;
    options.ordered = true;
    queue_user q = open(options);
    message m = make("a");
    m.not_before = house_->date() + seconds(5);
    q.publish(m);
    q.publish("b");
    EXPECT_TRUE(q.receive().empty());
    pass(seconds(5));
    EXPECT_EQ(q.receive_bodies(), strings{"a"});
}

TEST_P(every_queue, a_queue_that_became_ordered_goes_on_with_what_was_open) {
    NEEDS(lasting_leases);
    queue_user q = open();
    for (const auto* body : {"a", "b", "c"}) q.publish(body);
    const auto both = q.receive(2);
    house_->restart();
    queue_options options;
    options.ordered = true;
    q = open(options);
    for (const delivery& d : both) EXPECT_EQ(q.settle(action::renew, d.number), settled::done);
    EXPECT_TRUE(q.receive().empty());
    pass(options.ack_timeout);
    for (const auto* body : {"a", "b", "c"}) {
        const delivery d = q.receive_one();
        EXPECT_EQ(d.message.body, body);
        EXPECT_TRUE(q.receive().empty());
        EXPECT_EQ(q.ack(d), settled::done);
    }
}

// Many keys, many deliveries open at once, every kind of end: the numbers of a key never go back.
TEST_P(every_queue, keys_keep_their_order_whatever_happens_to_their_messages) {
    std::mt19937 random(7);
    queue_options options;
    options.max_attempts = 0;
    queue_user q = open(options);
    std::vector<message> all;
    std::map<std::string, int> next;
    for (int i = 0; i < 2'000; ++i) {
        const std::string key = "k" + std::to_string(random() % 40);
        all.push_back(make(std::to_string(next[key]++), key));
    }
    q.publish_all(std::move(all));
    std::map<std::string, int> seen;
    std::map<std::uint64_t, delivery> out;
    int settled_ones = 0;
    while (settled_ones < 2'000) {
        for (delivery& d : q.receive(1 + random() % 30)) {
            for (const auto& [number, other] : out) ASSERT_NE(other.message.key, d.message.key);
            ASSERT_EQ(std::stoi(d.message.body), seen[d.message.key]);
            out.emplace(d.number, std::move(d));
        }
        for (auto at = out.begin(); at != out.end();) {
            const unsigned what = random() % 4;
            if (what == 0) {
                ++at;
                continue;
            }
            if (what == 1) {
                ASSERT_EQ(q.retry(at->second, milliseconds(random() % 3)), settled::done);
            } else {
                ASSERT_EQ(q.settle(what == 2 ? action::ack : action::dead, at->first), settled::done);
                ++seen[at->second.message.key];
                ++settled_ones;
            }
            at = out.erase(at);
        }
        pass(milliseconds(1));
        if (random() % 50 == 0) {
            house_->restart();
            q = open(options);
            out.clear();
        }
    }
    EXPECT_EQ(q.of().length(), 0U);
    EXPECT_TRUE(q.receive().empty());
}

}  // namespace freshet::test
