// Limits that refuse, and ids that are accepted once.
#include <freshet/config.hpp>
#include <freshet/error.hpp>
#include <freshet/message.hpp>
#include <freshet/time.hpp>

#include "contract/queue_suite.hpp"
#include "protocol/reply.hpp"
#include "queue/operations.hpp"

#include <deque>

namespace freshet::test {

TEST_P(every_queue, a_full_queue_refuses_by_its_name_until_something_is_settled) {
    NEEDS(exact_limits);
    queue_options options;
    options.length_max = 2;
    queue_user q = open(options);
    q.publish("a");
    q.publish("b");
    const delivery a = q.receive_one();
    const auto refused = q.publish("c");
    EXPECT_EQ(refused.outcome, outcome::failed);
    EXPECT_EQ(refused.why.code, errc::queue_full);
    EXPECT_EQ(refused.why.effect, effect::not_done);
    EXPECT_EQ(refused.why.subject, "queue thumbs");
    EXPECT_EQ(q.of().length(), 2U);
    q.ack(a);
    EXPECT_EQ(q.publish("d").outcome, outcome::confirmed);
    EXPECT_EQ(q.publish("e").outcome, outcome::failed);
    EXPECT_EQ(q.receive_bodies(), (strings{"b", "d"}));
}

TEST_P(every_queue, a_limit_on_bytes_counts_bodies_ids_and_keys) {
    NEEDS(unique_ids);
    queue_options options;
    options.bytes_max = 100;
    queue_user q = open(options);
    EXPECT_EQ(q.publish(make(std::string(80, 'a'), "12345", "12345")).outcome, outcome::confirmed);
    const auto refused = q.publish(make("123", "1234", "1234"));
    EXPECT_EQ(refused.why.code, errc::queue_bytes_full);
    EXPECT_EQ(refused.why.subject, "queue thumbs");
    EXPECT_EQ(q.publish(make("12", "1234", "1234")).outcome, outcome::confirmed);
    q.ack(q.receive_one());
    EXPECT_EQ(q.publish(make(std::string(80, 'b'), "12345", "12345")).outcome, outcome::confirmed);
}

TEST_P(every_queue, limits_count_what_was_there_before_a_restart) {
    NEEDS(exact_limits);
    queue_options options;
    options.length_max = 3;
    queue_user q = open(options);
    for (const auto* body : {"a", "b", "c"}) q.publish(body);
    q.ack(q.receive_one());
    house_->restart();
    q = open(options);
    EXPECT_EQ(q.of().length(), 2U);
    EXPECT_EQ(q.publish("d").outcome, outcome::confirmed);
    EXPECT_EQ(q.publish("e").why.code, errc::queue_full);
}

TEST_P(every_queue, what_has_expired_makes_room_though_nobody_asks) {
    NEEDS(exact_limits);
    queue_options options;
    options.length_max = 5;
    queue_user q = open(options);
    for (int i = 0; i < 5; ++i) {
        message m = make(std::to_string(i), i < 2 ? "key" : "");
        m.expires = house_->date() + seconds(i < 4 ? 10 : 100);
        EXPECT_EQ(q.publish(m).outcome, outcome::confirmed);
    }
    EXPECT_EQ(q.publish("a").why.code, errc::queue_full);
    pass(seconds(10));
    for (const auto* body : {"a", "b", "c", "d"}) EXPECT_EQ(q.publish(body).outcome, outcome::confirmed) << body;
    EXPECT_EQ(q.publish("e").why.code, errc::queue_full);
    EXPECT_EQ(q.receive_bodies(), (strings{"4", "a", "b", "c", "d"}));
    awaited<dead_request> letters(shard_);
    house_->dead_letters(letters);
    letters.wait_home();
    EXPECT_EQ(letters.count, 4U);
}

TEST_P(every_queue, an_id_is_remembered_as_long_whoever_sets_the_clock) {
    NEEDS(unique_ids);
    queue_options options;
    options.dedupe = std::chrono::hours(1);
    queue_user q = open(options);
    message m = make("a");
    m.id = "id";
    EXPECT_EQ(q.publish(m, true).outcome, outcome::confirmed);
    house_->step(std::chrono::hours(24));
    pass(seconds(30));
    EXPECT_EQ(q.publish(m, true).outcome, outcome::duplicate);
    pass(std::chrono::hours(1));
    EXPECT_EQ(q.publish(m, true).outcome, outcome::confirmed);
}

TEST_P(every_queue, a_chain_is_taken_as_far_as_there_is_room) {
    NEEDS(exact_limits);
    queue_options options;
    options.length_max = 3;
    queue_user q = open(options);
    std::deque<awaited<publication>> chain;
    for (int i = 0; i < 5; ++i) {
        chain.emplace_back(shard_).message.body = std::to_string(i);
        if (i > 0) chain[static_cast<std::size_t>(i) - 1].next = &chain.back();
    }
    q.of().publish(chain.front(), chain.back());
    int confirmed = 0;
    for (auto& p : chain) {
        p.wait_home();
        if (p.outcome == outcome::confirmed) ++confirmed;
        else EXPECT_EQ(p.why.code, errc::queue_full);
    }
    EXPECT_EQ(confirmed, 3);
    EXPECT_EQ(q.receive_bodies(), (strings{"0", "1", "2"}));
}

TEST_P(every_queue, a_unique_id_is_accepted_once_while_it_is_remembered) {
    NEEDS(unique_ids);
    queue_options options;
    options.dedupe = seconds(600);
    queue_user q = open(options);
    EXPECT_EQ(q.publish(make("a", {}, "7"), true).outcome, outcome::confirmed);
    EXPECT_EQ(q.publish(make("b", {}, "7"), true).outcome, outcome::duplicate);
    EXPECT_EQ(q.publish(make("c", {}, "8"), true).outcome, outcome::confirmed);
    q.ack(q.receive_one());
    EXPECT_EQ(q.publish(make("d", {}, "7"), true).outcome, outcome::duplicate);
    house_->restart();
    q = open(options);
    pass(seconds(599));
    EXPECT_EQ(q.publish(make("e", {}, "7"), true).outcome, outcome::duplicate);
    EXPECT_EQ(q.of().length(), 1U);
    pass(seconds(1));
    EXPECT_EQ(q.publish(make("f", {}, "7"), true).outcome, outcome::confirmed);
    EXPECT_EQ(q.publish(make("g", {}, "7"), true).outcome, outcome::duplicate);
    EXPECT_EQ(q.receive_bodies(), (strings{"c", "f"}));
}

TEST_P(every_queue, ids_are_remembered_for_each_queue) {
    NEEDS(unique_ids);
    EXPECT_EQ(open().publish(make("a", {}, "7"), true).outcome, outcome::confirmed);
    EXPECT_EQ(open({}, "other").publish(make("b", {}, "7"), true).outcome, outcome::confirmed);
}

TEST_P(every_queue, a_refused_id_is_not_remembered) {
    NEEDS(unique_ids);
    queue_options options;
    options.length_max = 1;
    queue_user q = open(options);
    q.publish("a");
    EXPECT_EQ(q.publish(make("b", {}, "7"), true).why.code, errc::queue_full);
    q.ack(q.receive_one());
    EXPECT_EQ(q.publish(make("b", {}, "7"), true).outcome, outcome::confirmed);
}

TEST_P(every_queue, of_one_id_in_one_chain_the_first_is_accepted) {
    NEEDS(unique_ids);
    queue_user q = open();
    std::deque<awaited<publication>> chain;
    for (int i = 0; i < 3; ++i) {
        auto& p = chain.emplace_back(shard_);
        p.message = make(std::to_string(i), {}, "7");
        p.unique = true;
        if (i > 0) chain[static_cast<std::size_t>(i) - 1].next = &p;
    }
    q.of().publish(chain.front(), chain.back());
    for (auto& p : chain) p.wait_home();
    EXPECT_EQ(chain[0].outcome, outcome::confirmed);
    EXPECT_EQ(chain[1].outcome, outcome::duplicate);
    EXPECT_EQ(chain[2].outcome, outcome::duplicate);
    EXPECT_EQ(q.of().length(), 1U);
    EXPECT_EQ(q.receive_bodies(), strings{"0"});
}

}  // namespace freshet::test
