#include "queue/outbox/forwarder.hpp"

#include <freshet/error.hpp>
#include <freshet/message.hpp>
#include <freshet/time.hpp>

#include "queue/operations.hpp"
#include "shard/shard.hpp"
#include "support/hand_queue.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace freshet::test {
namespace {

using taken = enum publication::outcome;
using left = enum settlement::outcome;
using strings = std::vector<std::string>;

constexpr failure too_large{errc::message_too_large, effect::not_done, {}};
constexpr failure away{errc::unreachable, effect::not_done, {}};

class outbox_forwarder : public testing::Test {
protected:
    outbox_forwarder() { on_its_way.start(); }
    ~outbox_forwarder() override {
        while (!broker.published.empty()) broker.answer_publication(taken::confirmed);
        on_its_way.stop();
        while (!box.settlements.empty()) box.answer_settlement(left::done);
    }

    static message make(std::string body, std::string key = {}) {
        message m;
        m.body = std::move(body);
        m.key = std::move(key);
        m.attempt = 1;
        return m;
    }
    void hand_out(std::vector<message> messages) { box.hand_out(std::move(messages)); }
    strings sent() const {
        strings bodies;
        for (const publication* p : broker.published) bodies.push_back(p->message.body);
        return bodies;
    }
    std::vector<std::uint64_t> leaving() const {
        std::vector<std::uint64_t> all;
        for (const settlement* s : box.settlements) all.push_back(s->number);
        return all;
    }
    /// A pause is over.
    void wait() { on_its_way.tick(now += seconds(2)); }

    shard back{"back"};
    hand_queue box{"thumbs/outbox"}, broker{"thumbs"};
    steady::time_point now{steady::now()};
    forwarder on_its_way{back, box, broker.label(),
                         [this](publication& first, publication& last) { broker.publish(first, last); }};
};

TEST_F(outbox_forwarder, all_is_sent_in_its_order_and_leaves_the_box_once_the_broker_has_it) {
    EXPECT_EQ(box.receptions.front()->wait, milliseconds::max());
    hand_out({make("a"), make("b", "k"), make("c", "k")});
    EXPECT_EQ(sent(), (strings{"a", "b", "c"}));
    EXPECT_EQ(box.receptions.size(), 1U);  // more is asked for meanwhile
    std::swap(broker.published[0], broker.published[1]);
    broker.answer_publication(taken::confirmed);
    EXPECT_TRUE(leaving().empty());
    broker.answer_publication(taken::confirmed);
    EXPECT_EQ(leaving(), (std::vector<std::uint64_t>{1, 2}));
    EXPECT_EQ(box.settlements[0]->action, settlement::action::ack);
}

TEST_F(outbox_forwarder, a_broker_gets_it_as_it_was_published) {
    message m = make("a", "k");
    m.time = m.not_before = m.expires = wall::time_point(std::chrono::hours(500'000));
    hand_out({m});
    const publication& p = *broker.published.front();
    EXPECT_TRUE(p.passed_on);
    EXPECT_EQ(p.message.time, m.time);
    EXPECT_EQ(p.message.not_before, m.not_before);
    EXPECT_EQ(p.message.expires, m.expires);
    EXPECT_EQ(p.message.attempt, 0U);
}

TEST_F(outbox_forwarder, while_the_broker_takes_nothing_the_first_is_tried_and_all_follow_it) {
    hand_out({make("a"), make("b")});
    broker.answer_publication(taken::failed, away);
    wait();
    EXPECT_EQ(sent(), strings{"b"});  // which is still there
    broker.answer_publication(taken::failed, away);
    EXPECT_TRUE(sent().empty());
    hand_out({make("c")});
    EXPECT_TRUE(sent().empty());
    wait();
    EXPECT_EQ(sent(), strings{"a"});
    broker.answer_publication(taken::failed, away);
    on_its_way.tick(back.now());
    EXPECT_TRUE(sent().empty());
    wait();
    EXPECT_EQ(sent(), strings{"a"});
    broker.answer_publication(taken::confirmed);
    EXPECT_EQ(sent(), (strings{"b", "c"}));
    EXPECT_EQ(leaving(), std::vector<std::uint64_t>{1});
}

TEST_F(outbox_forwarder, what_was_taken_behind_a_refused_one_of_its_key_goes_again_behind_it) {
    hand_out({make("x1", "x"), make("y1", "y"), make("x2", "x"), make("none"), make("y2", "y")});
    broker.answer_publication(taken::failed, away);
    for (int i = 0; i < 4; ++i) broker.answer_publication(taken::confirmed);
    wait();
    EXPECT_EQ(sent(), strings{"x1"});
    broker.answer_publication(taken::confirmed);
    EXPECT_EQ(sent(), strings{"x2"});
    EXPECT_EQ(leaving(), (std::vector<std::uint64_t>{1, 2}));
    broker.answer_publication(taken::confirmed);
    EXPECT_EQ(leaving(), (std::vector<std::uint64_t>{1, 2, 3, 4, 5}));
}

TEST_F(outbox_forwarder, what_the_broker_does_not_even_take_alone_is_a_dead_letter_and_holds_up_nothing) {
    hand_out({make("large", "k"), make("b", "k"), make("c")});
    broker.answer_publication(taken::failed, too_large);
    broker.answer_publication(taken::confirmed);
    EXPECT_EQ(sent(), strings{"c"});
    broker.answer_publication(taken::confirmed);
    EXPECT_EQ(sent(), strings{"large"});  // at once
    broker.answer_publication(taken::failed, too_large);
    ASSERT_EQ(leaving(), std::vector<std::uint64_t>{1});
    EXPECT_EQ(box.settlements[0]->action, settlement::action::dead);
    EXPECT_EQ(box.settlements[0]->reason, explain(errc::message_too_large));
    EXPECT_EQ(sent(), strings{"b"});  // once more, behind the one of its key
    broker.answer_publication(taken::confirmed);
    EXPECT_EQ(leaving(), (std::vector<std::uint64_t>{1, 2, 3}));
}

TEST_F(outbox_forwarder, where_a_batch_was_too_large_fewer_are_sent_at_a_time_and_more_later) {
    hand_out(std::vector<message>(100, make("x")));
    for (int i = 0; i < 100; ++i) broker.answer_publication(taken::failed, too_large);
    EXPECT_EQ(sent().size(), 1U);
    broker.answer_publication(taken::confirmed);
    EXPECT_EQ(sent().size(), 50U);
    for (int i = 0; i < 20; ++i) broker.answer_publication(taken::confirmed);
    EXPECT_EQ(sent().size(), 51U);
    while (!sent().empty()) broker.answer_publication(taken::confirmed);
    EXPECT_EQ(leaving().size(), 100U);
    for (const settlement* s : box.settlements) EXPECT_EQ(s->action, settlement::action::ack);
}

TEST_F(outbox_forwarder, what_the_box_could_not_let_go_leaves_later) {
    hand_out({make("a")});
    broker.answer_publication(taken::confirmed);
    box.answer_settlement(left::failed, {errc::disk_full, effect::not_done, {}});
    on_its_way.tick(back.now());
    EXPECT_TRUE(leaving().empty());
    wait();
    EXPECT_EQ(leaving(), std::vector<std::uint64_t>{1});
}

TEST_F(outbox_forwarder, a_box_that_could_not_be_read_is_asked_again) {
    box.fail_reception({errc::disk_full, effect::not_done, {}});
    EXPECT_TRUE(box.receptions.empty());
    wait();
    ASSERT_EQ(box.receptions.size(), 1U);
    hand_out({make("a")});
    EXPECT_EQ(sent(), strings{"a"});
}

TEST_F(outbox_forwarder, what_the_box_is_filling_in_is_its_own_until_it_comes_home) {
    hand_out({make("a")});
    broker.answer_publication(taken::failed, away);
    reception& lent = *box.receptions.front();
    delivery& d = lent.deliveries.emplace_back();
    d.number = ++box.numbers;
    d.message = make("b");
    wait();
    EXPECT_EQ(lent.deliveries.size(), 1U);
    broker.answer_publication(taken::confirmed);
    hand_out({});
    EXPECT_EQ(sent(), strings{"b"});
}

TEST_F(outbox_forwarder, so_many_are_in_hand_at_most) {
    std::size_t all = 0;
    for (; !box.receptions.empty(); all += 512) hand_out(std::vector<message>(512, make("x")));
    EXPECT_EQ(all, 2048U);
    broker.answer_publication(taken::confirmed);
    EXPECT_TRUE(box.receptions.empty());
    for (int i = 0; i < 511; ++i) broker.answer_publication(taken::confirmed);
    EXPECT_EQ(box.receptions.size(), 1U);
}

TEST_F(outbox_forwarder, so_many_bytes_are_in_hand_at_most) {
    for (int i = 0; i < 3; ++i) hand_out({make(std::string(8 << 20, 'x'))});
    EXPECT_TRUE(box.receptions.empty());
    broker.answer_publication(taken::confirmed);
    EXPECT_EQ(box.receptions.size(), 1U);
}

TEST_F(outbox_forwarder, a_stop_waits_for_what_was_sent_and_leaves_the_rest_in_the_box) {
    hand_out({make("a"), make("b")});
    on_its_way.stop();
    EXPECT_EQ(box.cancelled, 1);
    hand_out({make("c")});
    EXPECT_EQ(sent(), (strings{"a", "b"}));
    EXPECT_TRUE(on_its_way.is_sending());
    broker.answer_publication(taken::confirmed);
    broker.answer_publication(taken::failed, {errc::stopping, effect::maybe_done, {}});
    EXPECT_FALSE(on_its_way.is_sending());
    EXPECT_FALSE(on_its_way.is_idle());
    box.answer_settlement(left::done);
    EXPECT_TRUE(on_its_way.is_idle());
    EXPECT_TRUE(leaving().empty());
}

}  // namespace
}  // namespace freshet::test
