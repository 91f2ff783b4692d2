// Meta commands and watchers, against any store.
#include <freshet/time.hpp>

#include "contract/store_suite.hpp"
#include "protocol/ask.hpp"
#include "shard/shard.hpp"
#include "store/store.hpp"

#include <future>

namespace freshet::test {

TEST_P(every_store, mg_answers_what_was_asked_for) {
    EXPECT_EQ(ask("mg a v\r\n"), "EN\r\n");
    EXPECT_EQ(ask("ms a 2 F7 T100\r\nhi\r\n"), "HD\r\n");
    EXPECT_EQ(ask("mg a f s t k v Oabc\r\n"), "VA 2 f7 s2 t100 ka Oabc\r\nhi\r\n");
    EXPECT_EQ(ask("mg a\r\n"), "HD\r\n");
    pass(seconds(40));
    EXPECT_EQ(ask("mg a t\r\nmg a T10 t\r\n"), "HD t60\r\nHD t10\r\n");
}

TEST_P(every_store, ms_has_every_mode) {
    EXPECT_EQ(ask("ms a 1 MR\r\n1\r\nms a 1 ME\r\n2\r\nms a 1 ME\r\n3\r\n"), "NS\r\nHD\r\nNS\r\n");
    EXPECT_EQ(ask("ms a 1 MA\r\n4\r\nms a 1 MP\r\n5\r\nms x 1 MA\r\n6\r\n"), "HD\r\nHD\r\nNS\r\n");
    EXPECT_EQ(value("a"), "524");
    EXPECT_EQ(ask("ms x 1 MA N0\r\n6\r\n"), "HD\r\n");
    EXPECT_EQ(value("x"), "6");
}

TEST_P(every_store, a_cas_can_be_compared_and_assigned) {
    EXPECT_EQ(ask("ms a 1 E1000\r\n1\r\nmg a c\r\n"), "HD\r\nHD c1000\r\n");
    EXPECT_EQ(ask("ms a 1 C999\r\n2\r\nms a 1 C1000 E1001\r\n3\r\n"), "EX\r\nHD\r\n");
    EXPECT_EQ(ask("md a C1000\r\nmd a C1001\r\nmd a\r\n"), "EX\r\nHD\r\nNF\r\n");
}

TEST_P(every_store, a_stale_item_is_won_by_one_client) {
    ask("ms a 1 E10\r\n1\r\n");
    EXPECT_EQ(ask("md a I T30\r\n"), "HD\r\n");
    EXPECT_EQ(ask("mg a v\r\n"), "VA 1 X W\r\n1\r\n");
    EXPECT_EQ(ask("mg a v\r\n"), "VA 1 Z X\r\n1\r\n");
    EXPECT_EQ(ask("ms a 1\r\n2\r\nmg a v\r\n"), "HD\r\nVA 1\r\n2\r\n");
}

TEST_P(every_store, a_miss_makes_an_item_that_one_client_fills) {
    EXPECT_EQ(ask("mg a N30 v t\r\n"), "VA 0 t30 W\r\n\r\n");
    EXPECT_EQ(ask("mg a N30 v t\r\n"), "VA 0 t30 Z\r\n\r\n");
    EXPECT_EQ(ask("ms a 1 T0\r\n1\r\nmg a v t\r\n"), "HD\r\nVA 1 t-1\r\n1\r\n");
}

TEST_P(every_store, an_item_that_is_about_to_end_is_won_by_one_client) {
    ask("ms a 1 T100\r\n1\r\n");
    EXPECT_EQ(ask("mg a R30 v\r\n"), "VA 1\r\n1\r\n");
    pass(seconds(80));
    EXPECT_EQ(ask("mg a R30 v\r\nmg a R30 v\r\n"), "VA 1 W\r\n1\r\nVA 1 Z\r\n1\r\n");
}

TEST_P(every_store, ma_counts_and_makes) {
    EXPECT_EQ(ask("ma n\r\nma n N0 J13 v\r\nma n v\r\nma n MD D20 v\r\n"),
              "NF\r\nVA 2\r\n13\r\nVA 2\r\n14\r\nVA 1\r\n0\r\n");
}

TEST_P(every_store, a_stale_number_is_fresh_once_arithmetic_has_made_it_longer) {
    EXPECT_EQ(ask("ms n 1 F3\r\n8\r\nmd n I T30\r\nma n v\r\nmg n v\r\n"),
              "HD\r\nHD\r\nVA 1\r\n9\r\nVA 1 X W\r\n9\r\n");
    EXPECT_EQ(ask("ma n v\r\nmg n v f t\r\n"), "VA 2\r\n10\r\nVA 2 f3 t30\r\n10\r\n");
    ask("md n I\r\n");
    EXPECT_EQ(ask("decr n 1\r\nincr n 10\r\nmg n\r\n"), "9\r\n19\r\nHD X W\r\n");
    EXPECT_EQ(ask("mg n\r\nincr n 100\r\nmg n\r\n"), "HD Z X\r\n119\r\nHD\r\n");
}

TEST_P(every_store, a_miss_stays_quiet_when_asked_to) {
    EXPECT_EQ(ask("mg a v q\r\nms a 1 q\r\n1\r\nmg a v q\r\n"), "VA 1\r\n1\r\n");
}

TEST_P(every_store, a_base64_key_is_the_key_it_stands_for) {
    EXPECT_EQ(ask("ms YWJj 1 b\r\n1\r\n"), "HD\r\n");
    EXPECT_EQ(value("abc"), "1");
    EXPECT_EQ(ask("mg YWJj b k v\r\n"), "VA 1 kYWJj b\r\n1\r\n");
}

TEST_P(every_store, me_tells_of_an_item_and_md_may_leave_its_key) {
    EXPECT_EQ(ask("me a\r\n"), "EN\r\n");
    ask("ms a 1 F9\r\n1\r\n");
    EXPECT_TRUE(ask("me a\r\n").starts_with("ME a "));
    EXPECT_EQ(ask("md a x\r\nmg a f s v\r\n"), "HD\r\nVA 0 f0 s0\r\n\r\n");
}

namespace {

struct waker final : watcher {
    explicit waker(shard& at) { home = &at; }
    void finish() override { done.set_value(); }
    std::promise<void> done;
};

}  // namespace

TEST_P(every_store, a_watcher_is_told_when_its_key_gets_a_value) {
    home_.start();
    waker one(home_), other(home_);
    one.key = "a";
    other.key = "b";
    if (!of().watch(one)) GTEST_SKIP() << "this store tells nobody";
    EXPECT_TRUE(of().watch(other));
    ask("get a\r\nset c 0 0 1\r\n1\r\n");
    EXPECT_EQ(ask("set a 0 0 1\r\n1\r\n"), "STORED\r\n");
    one.done.get_future().wait();
    EXPECT_TRUE(of().unwatch(other));
    ask("set a 0 0 1\r\n1\r\nset b 0 0 1\r\n1\r\n");
    home_.stop();
    EXPECT_EQ(other.done.get_future().wait_for(seconds(0)), std::future_status::timeout);
}

}  // namespace freshet::test
