// What a memory store tells of results that a journal keeps, too.
#include <freshet/time.hpp>

#include "call/call.hpp"
#include "protocol/request.hpp"
#include "store/memory/memory_store.hpp"
#include "support/store_call.hpp"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <utility>

namespace freshet::test {
namespace {

class kept : public testing::Test {
protected:
    void keep(std::string_view key, std::string_view value = "result", std::int64_t exptime = 0) {
        call c;
        c.now = store.now;
        c.request.command = command::store;
        c.request.key = key;
        c.request.value = value;
        c.request.exptime = exptime;
        c.request.kept = true;
        ASSERT_TRUE(store.store->submit(c));
    }
    /// "gone a, touched b"
    std::string changes() {
        std::map<std::string, std::string> told;
        store.store->take_kept_changes([&](std::string key, std::optional<wall::time_point> expires) {
            told[key] = !expires ? "gone " : *expires == wall::time_point{} ? "for ever " : "touched ";
        });
        std::string all;
        for (const auto& [key, what] : told) all += (all.empty() ? "" : ", ") + what + key;
        return all;
    }

    asked_store store;
};

TEST_F(kept, nothing_is_told_of_what_stays_or_was_never_kept) {
    keep("a");
    store.set("b", "value");
    store("delete b\r\n");
    EXPECT_EQ(store.get("a"), "result");
    EXPECT_EQ(changes(), "");
}

TEST_F(kept, what_is_there_is_kept_from_the_get_on_that_finds_it_so) {
    for (const char* const key : {"a", "b"}) store("ms " + std::string(key) + " 1 E7\r\nx\r\n");
    for (const auto& [key, cas] : {std::pair("a", 7U), std::pair("b", 8U)}) {
        call c;
        c.now = store.now;
        c.request.key = key;
        c.request.compare_cas = cas;
        c.request.kept = true;
        ASSERT_TRUE(store.store->submit(c));
        EXPECT_EQ(c.reply.outcome, outcome::hit);
    }
    for (const char* const key : {"a", "b"}) store("delete " + std::string(key) + "\r\n");
    EXPECT_EQ(changes(), "gone a");
}

TEST_F(kept, what_is_deleted_replaced_or_changed_is_gone_once) {
    for (const char* const key : {"a", "b", "c", "d", "e", "f", "g"}) keep(key, "1");
    store("delete a\r\n");
    store("set b 0 0 1\r\nx\r\n");
    store("append c 0 0 5000\r\n" + std::string(5'000, 'x') + "\r\n");
    store("incr d 1\r\n");
    store("md e I\r\n");
    store("md f x\r\n");
    EXPECT_EQ(changes(), "gone a, gone b, gone c, gone d, gone e, gone f");
    EXPECT_EQ(changes(), "");
}

TEST_F(kept, what_is_touched_expires_at_another_time) {
    for (const char* const key : {"a", "b", "c"}) keep(key, "result", 100);
    store("touch a 1000\r\n");
    store("gat 1000 b\r\n");
    store("mg c T0\r\n");
    EXPECT_EQ(changes(), "touched a, touched b, for ever c");
    store("touch a -1\r\n");
    EXPECT_EQ(store.get("a"), "miss");
    EXPECT_EQ(changes(), "gone a");
}

TEST_F(kept, what_is_flushed_or_evicted_is_gone) {
    keep("a");
    keep("b");
    store.store->flush_all(store.now, seconds(0));
    EXPECT_EQ(changes(), "gone a, gone b");
    keep("a");
    for (int i = 0; i < 20'000; ++i) store.set("key" + std::to_string(i), std::string(10'000, 'x'));
    EXPECT_EQ(changes(), "gone a");
}

TEST_F(kept, a_new_result_in_its_place_is_not_taken_for_the_old_one) {
    keep("a");
    store("delete a\r\n");
    keep("a", "again");
    EXPECT_EQ(changes(), "");
    keep("a", "and again");
    EXPECT_EQ(changes(), "");
    store("delete a\r\n");
    EXPECT_EQ(changes(), "gone a");
}

}  // namespace
}  // namespace freshet::test
