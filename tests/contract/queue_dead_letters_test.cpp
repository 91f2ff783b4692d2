// Dead letters, and the results of flows that are kept.
#include <freshet/config.hpp>
#include <freshet/message.hpp>
#include <freshet/time.hpp>

#include "contract/queue_suite.hpp"
#include "protocol/reply.hpp"
#include "queue/journal/dead_request.hpp"
#include "queue/operations.hpp"

#include <algorithm>

namespace freshet::test {

TEST_P(every_queue, a_dead_letter_keeps_all_of_its_message) {
    NEEDS(letters);
    queue_user q = open();
    message m = make("body", "key", "id-1");
    m.flags = 7;
    m.headers = {{"a", "b"}};
    q.publish(m);
    const wall::time_point published = house_->date();
    pass(seconds(3));
    EXPECT_EQ(q.settle(action::dead, q.receive_one().number, {}, "HTTP 400\nno"), settled::done);
    EXPECT_EQ(q.of().length(), 0U);
    house_->restart();
    const auto letters = dead("thumbs");
    ASSERT_EQ(letters.size(), 1U);
    EXPECT_EQ(letters[0].queue, "thumbs");
    EXPECT_EQ(letters[0].reason, "HTTP 400\nno");
    EXPECT_EQ(letters[0].died, house_->date());
    EXPECT_EQ(letters[0].message.id, "id-1");
    EXPECT_EQ(letters[0].message.key, "key");
    EXPECT_EQ(letters[0].message.body, "body");
    EXPECT_EQ(letters[0].message.flags, 7U);
    EXPECT_EQ(letters[0].message.headers, m.headers);
    EXPECT_EQ(letters[0].message.time, published);
    EXPECT_EQ(letters[0].message.attempt, 1U);
}

TEST_P(every_queue, a_replayed_dead_letter_begins_anew_behind_the_others) {
    NEEDS(letters);
    queue_options options;
    options.max_attempts = 1;
    queue_user q = open(options);
    message m = make("a", {}, "id-1");
    m.expires = house_->date() + seconds(60);
    q.publish(m);
    q.publish("b");
    EXPECT_EQ(q.retry(q.receive_one()), settled::done);
    pass(seconds(60));
    EXPECT_EQ(move_dead(dead_action::replay), 1U);
    EXPECT_EQ(q.of().length(), 2U);
    EXPECT_TRUE(dead().empty());
    const auto all = q.receive();
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[1].message.id, "id-1");
    EXPECT_EQ(all[1].message.attempt, 1U);
    EXPECT_TRUE(all[1].redelivered);
    EXPECT_FALSE(all[0].redelivered);
}

TEST_P(every_queue, dead_letters_are_listed_oldest_first_and_dropped_by_number) {
    NEEDS(letters);
    queue_user q = open();
    queue_user other = open({}, "other");
    for (int i = 0; i < 5; ++i) {
        queue_user& to = i == 3 ? other : q;
        to.publish(std::to_string(i));
        to.settle(action::dead, to.receive_one().number, {}, "r" + std::to_string(i));
    }
    const auto all = dead();
    ASSERT_EQ(all.size(), 5U);
    for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(all[i].reason, "r" + std::to_string(i));
    EXPECT_EQ(dead("thumbs", 2).size(), 2U);
    EXPECT_EQ(dead("nobody").size(), 0U);
    EXPECT_EQ(move_dead(dead_action::list), 5U);
    EXPECT_EQ(move_dead(dead_action::drop, "thumbs", {all[1].number, all[3].number, 4'711}), 1U);
    EXPECT_EQ(move_dead(dead_action::replay, "other"), 1U);
    EXPECT_EQ(other.receive_bodies(), strings{"3"});
    EXPECT_EQ(move_dead(dead_action::drop), 3U);
    EXPECT_TRUE(dead().empty());
    house_->restart();
    EXPECT_TRUE(dead().empty());
}

TEST_P(every_queue, many_dead_letters_are_replayed_in_order_beyond_the_limits) {
    NEEDS(letters);
    queue_options options;
    options.length_max = 2'500;
    queue_user q = open(options);
    std::vector<message> all;
    strings expected;
    for (int i = 0; i < 2'500; ++i) {
        expected.push_back(std::to_string(i));
        all.push_back(make(expected.back()));
        all.back().expires = house_->date() + seconds(1);
    }
    q.publish_all(std::move(all));
    pass(seconds(1));
    EXPECT_TRUE(q.receive().empty());
    EXPECT_EQ(q.of().length(), 0U);
    EXPECT_EQ(q.publish("first").outcome, outcome::confirmed);
    EXPECT_EQ(move_dead(dead_action::replay, "thumbs"), 2'500U);
    EXPECT_EQ(q.of().length(), 2'501U);
    expected.insert(expected.begin(), "first");
    strings got = q.receive_bodies(3'000);
    const auto rest = q.receive_bodies(3'000);
    got.insert(got.end(), rest.begin(), rest.end());
    EXPECT_EQ(got, expected);
}

TEST_P(every_queue, what_is_published_while_dead_letters_are_replayed_is_neither_lost_nor_doubled) {
    NEEDS(letters);
    queue_user q = open();
    std::vector<message> all;
    for (int i = 0; i < 3'000; ++i) {
        all.push_back(make(std::to_string(i)));
        all.back().expires = house_->date() + seconds(1);
    }
    q.publish_all(std::move(all));
    pass(seconds(1));
    EXPECT_TRUE(q.receive().empty());
    awaited<dead_request> r(shard_);
    r.action = dead_action::replay;
    house_->dead_letters(r);
    strings got;
    for (int i = 3'000; i < 3'100; ++i) {
        EXPECT_EQ(q.publish(std::to_string(i)).outcome, outcome::confirmed);
        for (const delivery& d : q.receive(40)) {
            got.push_back(d.message.body);
            EXPECT_EQ(q.ack(d), settled::done);
        }
    }
    r.wait_home();
    for (auto some = q.receive(); !some.empty(); some = q.receive()) {
        for (const delivery& d : some) {
            got.push_back(d.message.body);
            EXPECT_EQ(q.ack(d), settled::done);
        }
    }
    std::sort(got.begin(), got.end());
    EXPECT_EQ(std::unique(got.begin(), got.end()), got.end());
    EXPECT_EQ(got.size(), 3'100U);
    EXPECT_EQ(q.of().length(), 0U);
}

namespace {

kept_result make_result(std::string key, std::string value, bool error = false, wall::time_point expires = {}) {
    kept_result r;
    r.store = "main";
    r.key = std::move(key);
    r.value = std::move(value);
    r.flags = 3;
    r.error = error;
    r.expires = expires;
    return r;
}

}  // namespace

TEST_P(every_queue, a_result_is_kept_with_its_ack_until_it_expires) {
    NEEDS(results);
    queue_user q = open();
    q.publish("a");
    q.publish("b");
    const wall::time_point expires = house_->date() + seconds(10);
    q.settle(action::ack, q.receive_one().number, {}, {}, make_result("short", "1", false, expires));
    kept_result told = make_result("long", "ERROR no", true);
    told.version = (std::uint64_t{1} << 63) - 1;
    q.settle(action::dead, q.receive_one().number, {}, "no", told);
    house_->restart();
    const auto both = house_->results();
    ASSERT_EQ(both.size(), 2U);
    EXPECT_EQ(both[0].store, "main");
    EXPECT_EQ(both[0].key, "short");
    EXPECT_EQ(both[0].value, "1");
    EXPECT_EQ(both[0].flags, 3U);
    EXPECT_EQ(both[0].expires, expires);
    EXPECT_FALSE(both[0].error);
    EXPECT_EQ(both[0].version, 0U);
    EXPECT_EQ(both[1].version, told.version);
    EXPECT_EQ(both[1].expires, wall::time_point{});
    EXPECT_TRUE(both[1].error);
    pass(seconds(10));
    EXPECT_EQ(house_->results().size(), 1U);
}

TEST_P(every_queue, an_error_result_never_replaces_a_good_one_that_lives) {
    NEEDS(results);
    queue_user q = open();
    const auto keep = [&](kept_result r) {
        q.publish("x");
        EXPECT_EQ(q.settle(action::ack, q.receive_one().number, {}, {}, std::move(r)), settled::done);
        const auto all = house_->results();
        return all.empty() ? std::string() : all.back().value;
    };
    EXPECT_EQ(keep(make_result("k", "error 1", true)), "error 1");
    EXPECT_EQ(keep(make_result("k", "error 2", true)), "error 2");
    EXPECT_EQ(keep(make_result("k", "good", false, house_->date() + seconds(10))), "good");
    EXPECT_EQ(keep(make_result("k", "error 3", true)), "good");
    pass(seconds(10));
    EXPECT_EQ(keep(make_result("k", "error 4", true)), "error 4");
}

TEST_P(every_queue, a_settlement_of_something_unknown_keeps_no_result) {
    NEEDS(results);
    queue_user q = open();
    EXPECT_EQ(q.settle(action::ack, 4'711, {}, {}, make_result("k", "v")), settled::unknown);
    EXPECT_TRUE(house_->results().empty());
}

}  // namespace freshet::test
