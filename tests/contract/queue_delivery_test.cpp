// What is published comes out, once it is confirmed, in order.
#include <freshet/message.hpp>
#include <freshet/time.hpp>

#include "contract/queue_suite.hpp"
#include "protocol/reply.hpp"
#include "queue/operations.hpp"

namespace freshet::test {

INSTANTIATE_TEST_SUITE_P(kinds, every_queue, testing::ValuesIn(queue_kinds()),
                         [](const auto& one) { return std::string(one.param.name); });

TEST_P(every_queue, a_confirmed_message_comes_out_as_it_went_in) {
    queue_user q = open();
    message m = make(std::string("\0\r\n\xff and so on", 14), "cat", "cat-7");
    m.flags = 0xfffffffe;
    m.headers = {{"Content-Type", "image/png"}, {"empty", ""}, {"", "nameless"}};
    EXPECT_EQ(q.publish(m).outcome, outcome::confirmed);
    const delivery d = q.receive_one();
    EXPECT_EQ(d.message.id, m.id);
    EXPECT_EQ(d.message.key, m.key);
    EXPECT_EQ(d.message.body, m.body);
    EXPECT_EQ(d.message.flags, m.flags);
    EXPECT_EQ(d.message.headers, m.headers);
    EXPECT_EQ(d.message.time, house_->date());
    EXPECT_EQ(d.message.attempt, 1U);
    EXPECT_FALSE(d.redelivered);
    EXPECT_NE(d.number, 0U);
}

TEST_P(every_queue, a_message_without_an_id_gets_one_of_its_own) {
    queue_user q = open();
    const std::string first = q.publish("a").id;
    const std::string second = q.publish("b").id;
    EXPECT_FALSE(first.empty());
    EXPECT_NE(first, second);
    EXPECT_EQ(q.receive_one().message.id, first);
}

TEST_P(every_queue, an_empty_body_is_a_message) {
    queue_user q = open();
    q.publish("");
    EXPECT_EQ(q.receive_bodies(), strings{""});
}

TEST_P(every_queue, messages_come_first_in_first_out) {
    queue_user q = open();
    std::vector<message> all;
    strings expected;
    for (int i = 0; i < 5'000; ++i) {
        expected.push_back(std::to_string(i));
        all.push_back(make(expected.back()));
    }
    q.publish_all(std::move(all));
    strings got;
    while (got.size() < expected.size()) {
        const auto some = q.receive_bodies(777);
        ASSERT_FALSE(some.empty());
        got.insert(got.end(), some.begin(), some.end());
    }
    EXPECT_EQ(got, expected);
}

TEST_P(every_queue, large_messages_come_in_order_too) {
    queue_user q = open();
    for (const char c : {'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'}) q.publish(std::string(1'000'000, c));
    std::string got;
    for (auto some = q.receive(3); !some.empty(); some = q.receive(3)) {
        for (const delivery& d : some) {
            got += d.message.body.front();
            EXPECT_EQ(d.message.body, std::string(1'000'000, got.back()));
            EXPECT_EQ(q.ack(d), settled::done);
        }
    }
    EXPECT_EQ(got, "abcdefgh");
}

TEST_P(every_queue, a_reception_takes_at_most_what_it_asked_for) {
    queue_user q = open();
    for (const auto* body : {"a", "b", "c"}) q.publish(body);
    EXPECT_EQ(q.receive_bodies(2), (strings{"a", "b"}));
    EXPECT_EQ(q.receive_bodies(2), strings{"c"});
    EXPECT_EQ(q.receive_bodies(2), strings{});
}

TEST_P(every_queue, an_acked_message_never_comes_back) {
    queue_user q = open();
    q.publish("a");
    q.publish("b");
    EXPECT_EQ(q.ack(q.receive_one()), settled::done);
    EXPECT_EQ(q.of().length(), 1U);
    pass(q.of().options().ack_timeout * 2);
    EXPECT_EQ(q.receive_bodies(), strings{"b"});
    house_->restart();
    EXPECT_EQ(open().receive_bodies(), strings{"b"});
}

TEST_P(every_queue, what_is_settled_at_once_never_comes_back) {
    queue_user q = open();
    for (const auto* body : {"a", "b", "c"}) q.publish(body);
    q.catch_up();
    const auto taken = q.receive(2, milliseconds(0), true);
    ASSERT_EQ(taken.size(), 2U);
    EXPECT_EQ(taken[1].message.body, "b");
    q.catch_up();
    EXPECT_EQ(q.of().length(), 1U);
    EXPECT_EQ(q.ack(taken[0]), settled::unknown);
    house_->restart();
    EXPECT_EQ(open().receive_bodies(), strings{"c"});
}

TEST_P(every_queue, many_queues_keep_their_messages_apart) {
    for (int i = 0; i < 20; ++i) open({}, "q" + std::to_string(i)).publish(std::to_string(i));
    house_->restart();
    for (int i = 19; i >= 0; --i) {
        queue_user q = open({}, "q" + std::to_string(i));
        EXPECT_EQ(q.of().name(), "q" + std::to_string(i));
        EXPECT_EQ(q.of().label(), "queue q" + std::to_string(i));
        EXPECT_EQ(q.receive_bodies(), strings{std::to_string(i)});
    }
    EXPECT_EQ(house_->find("q20"), nullptr);
    EXPECT_NE(house_->find("q7"), nullptr);
}

TEST_P(every_queue, numbers_are_never_given_again) {
    queue_user q = open();
    q.publish("a");
    const delivery first = q.receive_one();
    q.ack(first);
    house_->restart();
    q = open();
    q.publish("b");
    EXPECT_GT(q.receive_one().number, first.number);
}

}  // namespace freshet::test
