#include "route/table.hpp"
#include "call/call.hpp"
#include "protocol/reply.hpp"
#include "protocol/request.hpp"
#include "store/store.hpp"
#include "support/fake_store.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace freshet::test {
namespace {

TEST(route_table, longest_prefix_wins_in_whatever_order_they_came) {
    fake_store all, user, user_one;
    route_table table;
    table.add("user:", user);
    table.add("", all);
    table.add("user:1", user_one);
    EXPECT_EQ(table.find("user:1:name"), &user_one);
    EXPECT_EQ(table.find("user:1"), &user_one);
    EXPECT_EQ(table.find("user:2"), &user);
    EXPECT_EQ(table.find("user"), &all);
    EXPECT_EQ(table.find(""), &all);
}

TEST(route_table, first_of_two_equal_prefixes_stays) {
    fake_store first, second;
    route_table table;
    table.add("a", first);
    table.add("a", second);
    EXPECT_EQ(table.find("abc"), &first);
}

TEST(route_table, calls_go_to_the_route_s_store_or_are_refused) {
    fake_store target;
    route_table table;
    table.add("a", target);
    call c;
    c.request.command = command::store;
    c.request.key = "abc";
    EXPECT_TRUE(table.submit(c));
    EXPECT_EQ(c.reply.outcome, outcome::stored);
    EXPECT_EQ(target.items().count("abc"), 1U);
    c.request.key = "b";
    EXPECT_TRUE(table.submit(c));
    EXPECT_EQ(c.reply.outcome, outcome::refused);
    EXPECT_EQ(c.reply.text, "no route leads anywhere for this key");
}

TEST(route_table, way_with_more_steps_than_a_call_has_room_for_is_refused_when_it_is_built) {
    struct long_way final : store {
        bool submit(call&) override { return true; }
        unsigned steps() const noexcept override { return count; }
        unsigned count{call::steps_max - 1};
    } way;
    route_table table;
    table.add("fits", way);  // with the one of who asks
    EXPECT_EQ(table.steps(), call::steps_max - 1);
    ++way.count;
    EXPECT_THROW(table.add("does-not", way), std::length_error);
    EXPECT_EQ(table.find("does-not"), nullptr);
}

TEST(route_table, stores_it_keeps_live_as_long_as_it) {
    route_table table;
    store& kept = table.keep(std::make_unique<fake_store>());
    table.add("a", kept);
    EXPECT_EQ(table.find("a"), &kept);
}

}  // namespace
}  // namespace freshet::test
