#include <freshet/time.hpp>

#include "call/call.hpp"
#include "protocol/reply.hpp"
#include "protocol/request.hpp"
#include "shard/shard.hpp"
#include "store/memory/memory_store.hpp"
#include "store/store.hpp"
#include "support/store_call.hpp"

#include <map>
#include <random>
#include <thread>

namespace freshet::test {
namespace {

TEST(memory, item_is_there_until_its_time_is_over) {
    asked_store s;
    s.set("a", "value", 10);
    s.advance(seconds(9));
    EXPECT_EQ(s.get("a"), "value");
    s.advance(seconds(2));
    EXPECT_EQ(s.get("a"), "miss");
    s.set("a", "value", -1);
    EXPECT_EQ(s.get("a"), "miss");
    EXPECT_EQ(s("touch a 5\r\n"), "NOT_FOUND");
}

TEST(memory, touch_gat_and_T_give_new_time) {
    asked_store s;
    s.set("a", "value", 10);
    EXPECT_EQ(s("touch a 100\r\n"), "TOUCHED");
    EXPECT_EQ(s("mg a t\r\n"), "HD t100");
    EXPECT_EQ(s("gat 200 a\r\n"), "VALUE a 0 5\r\nvalue\r\nEND");
    EXPECT_EQ(s("mg a T300 t\r\n"), "HD t300");
    EXPECT_EQ(s("mg a T0 t\r\n"), "HD t-1");
}

TEST(memory, cas_is_stored_where_nobody_wrote_between) {
    asked_store s;
    EXPECT_EQ(s("cas a 0 0 1 5\r\nx\r\n"), "NOT_FOUND");
    EXPECT_EQ(s("ms a 1 E100 c\r\nx\r\n"), "HD c100");
    EXPECT_EQ(s("cas a 0 0 1 99\r\ny\r\n"), "EXISTS");
    EXPECT_EQ(s("cas a 0 0 1 100\r\ny\r\n"), "STORED");
    EXPECT_EQ(s("cas a 0 0 1 100\r\nz\r\n"), "EXISTS");
    EXPECT_EQ(s.get("a"), "y");
    EXPECT_EQ(s("md a C99\r\n"), "EX");
}

TEST(memory, one_client_wins_a_miss_and_the_others_wait) {
    asked_store s;
    EXPECT_EQ(s("mg a N30 v t\r\n"), "VA 0 t30 W\r\n");
    EXPECT_EQ(s("mg a N30 v\r\n"), "VA 0 Z\r\n");
    s.set("a", "value");
    EXPECT_EQ(s("mg a N30 v\r\n"), "VA 5\r\nvalue");
}

TEST(memory, one_client_wins_what_is_stale_or_getting_old) {
    asked_store s;
    s("ms a 1 T60 E5\r\nx\r\n");
    EXPECT_EQ(s("mg a R30\r\n"), "HD");
    s.advance(seconds(40));
    EXPECT_EQ(s("mg a R30\r\n"), "HD W");
    EXPECT_EQ(s("mg a R30\r\n"), "HD Z");
    EXPECT_EQ(s("md a I T30 E50\r\n"), "HD");
    EXPECT_EQ(s("mg a v\r\n"), "VA 1 X W\r\nx");
    EXPECT_EQ(s("mg a v\r\n"), "VA 1 Z X\r\nx");
    EXPECT_EQ(s("ms a 1 I C7\r\ny\r\n"), "HD");
    EXPECT_EQ(s("mg a v\r\n"), "VA 1 Z X\r\ny");
}

TEST(memory, facts_of_an_item_are_told) {
    asked_store s;
    s("ms a 5 F7 T60\r\nhello\r\n");
    EXPECT_EQ(s("mg a h l t f s u\r\n"), "HD h0 l0 t60 f7 s5");
    s.advance(seconds(3));
    EXPECT_EQ(s("mg a h l t\r\n"), "HD h0 l3 t57");
    EXPECT_EQ(s("mg a h l\r\n"), "HD h1 l0");
}

TEST(memory, append_and_prepend_keep_flags_and_time) {
    asked_store s;
    EXPECT_EQ(s("append a 0 0 1\r\nx\r\n"), "NOT_STORED");
    s("set a 7 60 1\r\nb\r\n");
    EXPECT_EQ(s("append a 1 0 1\r\nc\r\nprepend a 1 0 1\r\na\r\n"), "STORED\r\nSTORED");
    EXPECT_EQ(s("mg a v f t\r\n"), "VA 3 f7 t60\r\nabc");
}

TEST(memory, counters_count_wrap_and_stop_at_zero) {
    asked_store s;
    EXPECT_EQ(s("incr a 1\r\n"), "NOT_FOUND");
    s.set("a", "18446744073709551615");
    EXPECT_EQ(s("incr a 1\r\n"), "0");
    EXPECT_EQ(s("incr a 10\r\ndecr a 20\r\n"), "10\r\n0");
    EXPECT_EQ(s("ma b N0 J13 v\r\n"), "VA 2\r\n13");
    s.set("c", "x");
    EXPECT_EQ(s("incr c 1\r\n"), "CLIENT_ERROR cannot increment or decrement non-numeric value");
}

TEST(memory, flush_all_takes_everything_at_once_or_later) {
    asked_store s;
    s.set("a", "1");
    s.store->flush_all(s.now, seconds(0));
    EXPECT_EQ(s.get("a"), "miss");
    s.set("a", "2");
    s.store->flush_all(s.now, seconds(10));
    s.advance(seconds(8));
    EXPECT_EQ(s.get("a"), "2");
    s.advance(seconds(3));
    EXPECT_EQ(s.get("a"), "miss");
    s.set("a", "3");
    s.advance(seconds(100));
    EXPECT_EQ(s.get("a"), "3");
}

TEST(memory, statistics_count_what_was_asked) {
    asked_store s;
    s.set("a", "1");
    s("get a\r\nget b\r\ndelete b\r\nincr a 1\r\ntouch b 1\r\n");
    EXPECT_EQ(s.figure("get_hits"), "1");
    EXPECT_EQ(s.figure("get_misses"), "1");
    EXPECT_EQ(s.figure("cmd_set"), "1");
    EXPECT_EQ(s.figure("delete_misses"), "1");
    EXPECT_EQ(s.figure("incr_hits"), "1");
    EXPECT_EQ(s.figure("touch_misses"), "1");
    EXPECT_EQ(s.figure("curr_items"), "1");
    EXPECT_EQ(s.figure("items:1:number", "items"), "1");
    EXPECT_EQ(s.figure("active_slabs", "slabs"), "1");
    EXPECT_EQ(s.figure("bytes"), "61");  // as of memcached
    s.store->reset_statistics();
    EXPECT_EQ(s.figure("get_hits"), "0");
    EXPECT_EQ(s.figure("curr_items"), "1");
}

TEST(memory, items_and_their_bytes_are_counted_as_memcached_counts_them) {
    asked_store s;
    EXPECT_EQ(s.figure("bytes"), "0");
    for (const char* value : {"1", "2", "333"}) s.set("a", value);
    s("incr a 1\r\nappend a 0 0 1\r\nx\r\nmd a I\r\n");
    s.set("b", std::string(100, 'x'));
    EXPECT_EQ(s.figure("total_items"), "5");
    EXPECT_EQ(s.figure("bytes"), "224");  // 60 for each, beside its value
    s("delete a\r\ndelete b\r\n");
    EXPECT_EQ(s.figure("bytes"), "0");
}

TEST(memory, too_large_a_set_takes_what_was_there_an_add_leaves_it) {
    asked_store s({.size_bytes = std::size_t{16} << 20, .item_size_max_bytes = 1'024});
    const std::string large(2'000, 'x');
    s.set("a", "small");
    EXPECT_EQ(s("add a 0 0 2000\r\n" + large + "\r\n"), "SERVER_ERROR object too large for cache");
    EXPECT_EQ(s.get("a"), "small");
    EXPECT_EQ(s.set("a", large), "SERVER_ERROR object too large for cache");
    EXPECT_EQ(s.get("a"), "miss");
    EXPECT_EQ(s.figure("store_too_large"), "2");
}

struct counting_watcher final : watcher {
    void finish() override { ++finished; }
    int finished{0};
};

TEST(memory, watcher_is_woken_once_by_a_value_for_its_key) {
    asked_store s;
    shard home("home");
    home.start();
    counting_watcher w, other;
    w.home = other.home = &home;
    w.key = "a";
    other.key = "b";
    EXPECT_TRUE(s.store->watch(w));
    EXPECT_TRUE(s.store->watch(other));
    s.set("a", "1");
    s.set("a", "2");
    EXPECT_FALSE(s.store->unwatch(w));
    EXPECT_TRUE(s.store->unwatch(other));
    s.set("b", "1");
    home.run_and_wait([] {});
    EXPECT_EQ(w.finished, 1);
    EXPECT_EQ(other.finished, 0);
    home.stop();
}

TEST(memory, random_commands_answer_as_a_map_does) {
    asked_store s;
    std::map<std::string, std::string> model;
    std::mt19937 random(11);
    for (int i = 0; i < 50'000; ++i) {
        const std::string key = "k" + std::to_string(random() % 300);
        const std::string value(random() % 400, static_cast<char>('a' + random() % 26));
        const std::string sized = key + " 0 0 " + std::to_string(value.size()) + "\r\n" + value + "\r\n";
        const bool there = model.contains(key);
        switch (random() % 6) {
            case 0:
                ASSERT_EQ(s("set " + sized), "STORED");
                model[key] = value;
                break;
            case 1:
                ASSERT_EQ(s("add " + sized), there ? "NOT_STORED" : "STORED");
                model.try_emplace(key, value);
                break;
            case 2:
                ASSERT_EQ(s("replace " + sized), there ? "STORED" : "NOT_STORED");
                if (there) model[key] = value;
                break;
            case 3:
                ASSERT_EQ(s("append " + sized), there ? "STORED" : "NOT_STORED");
                if (there) model[key] += value;
                break;
            case 4:
                ASSERT_EQ(s("delete " + key + "\r\n"), there ? "DELETED" : "NOT_FOUND");
                model.erase(key);
                break;
            default: ASSERT_EQ(s.get(key), there ? model[key] : "miss");
        }
    }
    EXPECT_EQ(s.figure("curr_items"), std::to_string(model.size()));
}

TEST(memory, threads_see_whole_values_only) {
    const std::shared_ptr<memory_store> shared = make_memory_store({.size_bytes = std::size_t{2} << 20});
    const auto work = [&](unsigned seed) {
        std::mt19937 random(seed);
        call c;
        for (int i = 0; i < 20'000; ++i) {
            const std::string key = "k" + std::to_string(random() % 2'000);
            const std::string value(random() % 3'000, static_cast<char>('a' + seed));
            c.reply.reset();
            c.now = steady::now();
            c.request = {};
            c.request.key = key;
            const bool reads = random() % 2 == 0;
            c.request.command = reads ? command::get : command::store;
            c.request.want_value = reads;
            c.request.value = value;
            ASSERT_TRUE(shared->submit(c));
            const std::string_view got = c.reply.value.view();
            if (!got.empty()) {
                ASSERT_EQ(got.find_first_not_of(got.front()), got.npos);
            }
            if (!reads) {
                ASSERT_EQ(c.reply.outcome, outcome::stored);
            }
            if (i % 1'000 == 0) shared->bytes_used();
        }
    };
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < 4; ++i) threads.emplace_back(work, i);
    for (auto& t : threads) t.join();
    EXPECT_LE(shared->bytes_used(), std::size_t{2} << 20);
}

}  // namespace
}  // namespace freshet::test
