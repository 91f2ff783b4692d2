#include "version/change_message.hpp"

#include <freshet/message.hpp>
#include <freshet/time.hpp>

#include "version/version.hpp"

#include <gtest/gtest.h>

#include <string>

namespace freshet::test {
namespace {

const wall::time_point moment{milliseconds{1'800'000'000'000}};

told_change a_set() {
    told_change c;
    c.key = "k";
    c.what = {change_kind::set, version_above(0, moment, 3), version_above(0, moment, 2)};
    c.value = "value";
    c.flags = 9;
    c.item_expires = moment + seconds(100);
    return c;
}

message message_of(const told_change& c) {
    message m;
    describe_change(c, "fra", m);
    m.body = c.value;
    return m;
}

message by_others(std::string kind, wall::time_point time) {
    message m;
    m.key = "k";
    m.body = "x";
    m.time = time;
    m.headers = {{std::string(change_header), std::move(kind)}};
    return m;
}

std::string why_not(const message& m) {
    const auto read = read_change(m);
    return read ? "" : read.error().text;
}

TEST(change_message, is_read_as_it_was_written) {
    const message m = message_of(a_set());
    const auto read = read_change(m);
    ASSERT_TRUE(read) << read.error().text;
    EXPECT_EQ(read->key, "k");
    EXPECT_EQ(read->what.kind, change_kind::set);
    EXPECT_EQ(read->what.version, a_set().what.version);
    EXPECT_EQ(read->what.previous, a_set().what.previous);
    EXPECT_EQ(read->value, "value");
    EXPECT_EQ(read->flags, 9U);
    EXPECT_EQ(read->item_expires, a_set().item_expires);
}

TEST(change_message, without_a_version_has_that_of_its_time) {
    const message set = by_others("set", moment), remove = by_others("delete", moment);
    EXPECT_EQ(read_change(set)->what.version, version_at(moment));
    EXPECT_EQ(read_change(remove)->what.version, version_at(moment));
    EXPECT_EQ(read_change(remove)->value, "");
}

TEST(change_message, without_a_version_and_a_time_is_no_set_and_a_delete_of_now) {
    EXPECT_EQ(why_not(by_others("set", {})),
              "it has neither a version nor a time, so nobody knows whether it is the newest");
    const message remove = by_others("delete", {});
    EXPECT_GT(read_change(remove)->what.version, version_at(moment - seconds(400'000'000)));
}

TEST(change_message, what_is_none_says_why) {
    message m = message_of(a_set());
    m.key = std::string(251, 'k');
    EXPECT_EQ(why_not(m), "its key has 251 bytes; a key of a store has 1 to 250");
    m = by_others("update", moment);
    EXPECT_EQ(why_not(m), "its type is dev.freshet.update; there are dev.freshet.set and dev.freshet.delete");
    m.headers.clear();
    EXPECT_EQ(why_not(m), "it is no change: its type is neither dev.freshet.set nor dev.freshet.delete");
    for (const char* const text : {"", "x", "17", "9223372036854775808"}) {
        m = by_others("set", moment);
        m.headers.emplace_back(version_number_header, text);
        EXPECT_EQ(why_not(m), "its freshet-version is no version") << text;
    }
    m = by_others("set", moment);
    m.headers.emplace_back(item_expires_header, "-5");
    EXPECT_EQ(why_not(m), "its freshet-item-expires is no time in milliseconds");
}

}  // namespace
}  // namespace freshet::test
