// A pool's store against servers that do what the test says: what each failure is told as, and what goes on after it.
#include <freshet/config.hpp>
#include <freshet/error.hpp>

#include "protocol/reply.hpp"
#include "protocol/request.hpp"
#include "shard/resolver.hpp"
#include "store/execute.hpp"
#include "store/pool/placement/placement.hpp"
#include "support/fake_resolver.hpp"
#include "support/memcached_peer.hpp"
#include "support/pool_user.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <random>
#include <system_error>
#include <thread>

using namespace freshet;
using namespace freshet::test;
using namespace std::literals;
namespace asio = boost::asio;

namespace {

class pool : public testing::Test {
protected:
    pool() {
        options.timeout = 20s;  // no test waits for it but those that set it
        options.backoff_min = 10ms;
        options.backoff_max = 10ms;
    }
    void make() {
        options.servers = {{"127.0.0.1", peer.port(), 1}};
        user.make(options);
        peer.greet();
    }
    std::string failure(std::string_view what) const {
        return fmt::format("SERVER_ERROR server {} {}\r\n", peer.name(), what);
    }
    /// What the server's state is said to be.
    std::string state() {
        const std::string said = user.say("stats servers\r\n"), name = ":state ";
        const auto begin = said.find(name) + name.size();
        return said.substr(begin, said.find('\r', begin) - begin);
    }
    void wait_for_state(std::string_view wanted) {
        while (state() != wanted) {}
    }
    static std::string set(std::string_view value) {
        return fmt::format("set k 0 0 {}\r\n{}\r\n", value.size(), value);
    }

    memcached_peer peer;
    memcached_options options;
    pool_user user;
};

TEST_F(pool, speaks_meta_and_answers_in_the_client_s_words) {
    make();
    const struct {
        std::string_view client, server, answer, told;
    } cases[] = {
        {"get k\r\n", "mg k f v\r\n", "VA 1 f5\r\nx\r\n", "VALUE k 5 1\r\nx\r\nEND\r\n"},
        {"get k\r\n", "mg k f v\r\n", "EN\r\n", "END\r\n"},
        {"gets k\r\n", "mg k c f v\r\n", "VA 1 c7 f5\r\nx\r\n", "VALUE k 5 1 7\r\nx\r\nEND\r\n"},
        {"gat 9 k\r\n", "mg k f v T9\r\n", "VA 1 f0\r\nx\r\n", "VALUE k 0 1\r\nx\r\nEND\r\n"},
        {"touch k 9\r\n", "mg k T9\r\n", "HD\r\n", "TOUCHED\r\n"},
        {"touch k 9\r\n", "mg k T9\r\n", "EN\r\n", "NOT_FOUND\r\n"},
        {"set k 5 9 1\r\nx\r\n", "ms k 1 T9 F5\r\nx\r\n", "HD\r\n", "STORED\r\n"},
        {"add k 0 0 1\r\nx\r\n", "ms k 1 ME\r\nx\r\n", "NS\r\n", "NOT_STORED\r\n"},
        {"cas k 0 0 1 7\r\nx\r\n", "ms k 1 C7\r\nx\r\n", "EX\r\n", "EXISTS\r\n"},
        {"delete k\r\n", "md k\r\n", "NF\r\n", "NOT_FOUND\r\n"},
        {"decr k 5\r\n", "ma k v MD D5\r\n", "VA 2\r\n10\r\n", "10\r\n"},
        {"mg k t v q Oab k\r\n", "mg k v t k\r\n", "VA 1 t-1 kk\r\nx\r\n", "VA 1 t-1 Oab kk\r\nx\r\n"},
        {"mg k q\r\n", "mg k\r\n", "EN\r\n", ""},
        {"ma k q N9\r\n", "ma k q N9\r\nmn\r\n", "MN\r\n", ""},
        {"ma k q N9\r\n", "ma k q N9\r\nmn\r\n", "HD\r\nMN\r\n", "HD\r\n"},
        {"me k\r\n", "me k\r\n", "ME k exp=-1 la=0 cas=1 fetch=no cls=1 size=60\r\n",
         "ME k exp=-1 la=0 cas=1 fetch=no cls=1 size=60\r\n"},
        {"ms k 1 E7\r\nx\r\n", "ms k 1 E7\r\nx\r\n", "CLIENT_ERROR invalid flag\r\n", "CLIENT_ERROR invalid flag\r\n"},
        {"set k 0 0 1\r\nx\r\n", "ms k 1\r\nx\r\n", "SERVER_ERROR out of memory storing object\r\n",
         "SERVER_ERROR out of memory storing object, not_done\r\n"},
        {"set k 0 0 1\r\nx\r\n", "ms k 1\r\nx\r\n", "SERVER_ERROR object too large for cache\r\n",
         "SERVER_ERROR object too large for cache\r\n"},
        {"incr k 1\r\n", "ma k v D1\r\n", "CLIENT_ERROR cannot increment or decrement non-numeric value\r\n",
         "CLIENT_ERROR cannot increment or decrement non-numeric value\r\n"},
    };
    for (const auto& one : cases) {
        const std::size_t number = user.ask(one.client);
        peer.expect(one.server);
        peer.say(one.answer);
        EXPECT_EQ(user.answer(number), one.told) << one.client;
    }
}

TEST_F(pool, program_that_gets_is_told_the_cas) {
    make();
    request r;
    r.key = "k";
    r.want_value = true;
    auto said = asio::co_spawn(user.home.context(), execute(user.home, *user.store, r), asio::use_future);
    peer.expect("mg k c f v\r\n");
    peer.say("VA 1 c7 f5\r\nx\r\n");
    const reply found = said.get();
    EXPECT_EQ(found.data(), "x");
    EXPECT_EQ(found.cas, 7U);
}

TEST_F(pool, set_whose_connection_is_cut_in_the_middle_of_the_answer_is_maybe_done) {
    make();
    const auto first = user.ask("get k\r\n");
    const auto second = user.ask(set("x"));
    peer.expect("mg k f v\r\nms k 1\r\nx\r\n");
    peer.say("VA 1 f0\r\nx\r\nH");
    peer.cut();
    EXPECT_EQ(user.answer(first), "VALUE k 0 1\r\nx\r\nEND\r\n");
    EXPECT_EQ(user.answer(second), failure("closed the connection, maybe_done"));
    const auto third = user.ask(set("y"));  // on a new connection
    peer.greet();
    peer.expect("ms k 1\r\ny\r\n");
    peer.say("HD\r\n");
    EXPECT_EQ(user.answer(third), "STORED\r\n");
}

TEST_F(pool, set_that_could_not_be_sent_whole_is_not_done) {
    make();
    const auto first = user.ask(set("x"));
    peer.expect("ms k 1\r\nx\r\n");
    const auto large = user.ask(set(std::string(std::size_t{7} << 20, 'v')));  // more than the sockets hold
    const auto behind = user.ask(set("y"));
    peer.expect(fmt::format("ms k {}\r\nvvv", std::size_t{7} << 20));
    peer.cut();
    EXPECT_TRUE(user.answer(first).ends_with(", maybe_done\r\n")) << user.answer(first);
    EXPECT_TRUE(user.answer(large).ends_with(", not_done\r\n")) << user.answer(large);
    EXPECT_TRUE(user.answer(behind).ends_with(", not_done\r\n")) << user.answer(behind);
}

TEST_F(pool, answer_that_came_before_the_connection_broke_is_told) {
    peer.receive_little();
    make();
    const auto first = user.ask(set("x"));
    peer.expect("ms k 1\r\nx\r\n");
    const auto large = user.ask(set(std::string(std::size_t{7} << 20, 'v')));  // more than the sockets hold
    peer.expect(fmt::format("ms k {}\r\nvvv", std::size_t{7} << 20));
    user.home.run_and_wait([&] {  // meanwhile nobody here reads
        peer.say("HD\r\n");
        peer.cut();
    });
    EXPECT_EQ(user.answer(first), "STORED\r\n");
    EXPECT_TRUE(user.answer(large).ends_with(", not_done\r\n")) << user.answer(large);
}

TEST_F(pool, garbage_ends_the_connection) {
    make();
    const auto number = user.ask(set("x"));
    const auto behind = user.ask("get k\r\n");
    peer.expect("ms k 1\r\nx\r\nmg k f v\r\n");
    peer.say("HELLO\r\n");
    EXPECT_EQ(user.answer(number), failure("gave an answer that is none, maybe_done"));
    EXPECT_EQ(user.answer(behind), "END\r\n");
}

TEST_F(pool, answer_that_does_not_fit_what_was_asked_ends_the_connection) {
    options.miss_on_error = false;
    options.failures_max = 1'000;
    make();
    const struct {
        std::string_view client, server, answer;
    } cases[] = {
        {"get k\r\n", "mg k f v\r\n", "HD\r\n"},
        {"get k\r\n", "mg k f v\r\n", "HD f0\r\n"},
        {"get k\r\n", "mg k f v\r\n", "VA 1\r\nx\r\n"},
        {"gets k\r\n", "mg k c f v\r\n", "VA 1 f0\r\nx\r\n"},
        {"get k\r\n", "mg k f v\r\n", "NF\r\n"},
        {"get k\r\n", "mg k f v\r\n", "NS\r\n"},
        {"get k\r\n", "mg k f v\r\n", "EX\r\n"},
        {"get k\r\n", "mg k f v\r\n", "MN\r\n"},
        {"get k\r\n", "mg k f v\r\n", "ERROR\r\n"},
        {"mg k t\r\n", "mg k t\r\n", "HD\r\n"},
        {"mg k t\r\n", "mg k t\r\n", "VA 1 t-1\r\nx\r\n"},
        {"mg k k v\r\n", "mg k v k\r\n", "VA 1 kother\r\nx\r\n"},
        {"touch k 9\r\n", "mg k T9\r\n", "NF\r\n"},
        {"set k 0 0 1\r\nx\r\n", "ms k 1\r\nx\r\n", "VA 1\r\nx\r\n"},
        {"set k 0 0 1\r\nx\r\n", "ms k 1\r\nx\r\n", "EN\r\n"},
        {"set k 0 0 1\r\nx\r\n", "ms k 1\r\nx\r\n", "EX\r\n"},
        {"set k 0 0 1\r\nx\r\n", "ms k 1\r\nx\r\n", "NF\r\n"},
        {"set k 0 0 1\r\nx\r\n", "ms k 1\r\nx\r\n", "STORED\r\n"},
        {"delete k\r\n", "md k\r\n", "NS\r\n"},
        {"delete k\r\n", "md k\r\n", "EX\r\n"},
        {"incr k 1\r\n", "ma k v D1\r\n", "HD\r\n"},
        {"incr k 1\r\n", "ma k v D1\r\n", "EN\r\n"},
        {"incr k 1\r\n", "ma k v D1\r\n", "VA 1\r\nx\r\n"},
        {"ma k\r\n", "ma k\r\n", "VA 1\r\n1\r\n"},
        {"flush_all\r\n", "flush_all 0\r\n", "DELETED\r\n"},
    };
    for (const auto& one : cases) {
        const auto number = user.ask(one.client);
        peer.expect(one.server);
        peer.say(one.answer);
        const bool reads = one.client.find("get") == 0 || one.client.find("mg") == 0;
        EXPECT_EQ(user.answer(number),
                  failure(fmt::format("gave an answer that is none, {}", reads ? "not_done" : "maybe_done")))
            << one.client << one.answer;
        const auto next = user.ask("get k\r\n");  // on a new connection
        peer.greet();
        peer.expect("mg k f v\r\n");
        peer.say("EN\r\n");
        EXPECT_EQ(user.answer(next), "END\r\n");
    }
}

TEST_F(pool, what_nobody_asked_for_ends_the_connection) {
    make();
    const auto number = user.ask(set("x"));
    peer.expect("ms k 1\r\nx\r\n");
    peer.say("HD\r\nHD\r\n");
    EXPECT_EQ(user.answer(number), "STORED\r\n");
    const auto next = user.ask(set("y"));
    peer.greet();
    peer.expect("ms k 1\r\ny\r\n");
    peer.say("HD\r\n");
    EXPECT_EQ(user.answer(next), "STORED\r\n");
}

TEST_F(pool, answer_that_comes_too_late_is_given_to_nobody) {
    options.timeout = 50ms;
    options.failures_max = 1'000;
    make();
    const auto late = user.ask(set("x"));
    peer.expect("ms k 1\r\nx\r\n");
    EXPECT_EQ(user.answer(late), failure("did not answer in time, maybe_done"));
    std::string told;
    do {  // each on a connection of its own, which must be greeted in time
        const auto next = user.ask("get k\r\n");
        try {
            peer.greet();
            peer.expect("mg k f v\r\n");
            peer.say("VA 5 f0\r\nright\r\n");
        } catch (const std::system_error&) {
            continue;
        }
        told = user.answer(next);
    } while (told == "END\r\n");
    EXPECT_EQ(told, "VALUE k 0 5\r\nright\r\nEND\r\n");
}

/// What one call takes long for, while others are behind it.
class busy_pool : public pool {
protected:
    busy_pool() { options.timeout = 500ms; }
    /// Does it again and again, a thousand times a second at most, until that call is answered.
    template <class Move>
    void keep_moving_until_answered(std::size_t number, Move move) {
        for (; !user.is_answered(number); std::this_thread::sleep_for(1ms)) move();
    }
};

TEST_F(busy_pool, answer_that_flows_may_take_longer_and_harms_no_other_call_s_connection) {
    options.miss_on_error = false;
    make();
    const std::string value(100'000, 'v');
    const auto large = user.ask("get large\r\n"), get = user.ask("get k\r\n"), write = user.ask(set("x"));
    peer.expect("mg large f v\r\nmg k f v\r\nms k 1\r\nx\r\n");
    peer.say(fmt::format("VA {} f3\r\n", value.size()));
    std::size_t said = 0;
    keep_moving_until_answered(write, [&] { peer.say(value.substr(said++, 1)); });
    EXPECT_EQ(user.answer(get), failure("did not answer in time, not_done"));
    EXPECT_EQ(user.answer(write), failure("did not answer in time, maybe_done"));
    EXPECT_FALSE(user.is_answered(large));
    peer.say(value.substr(said) + "\r\nVA 4 f0\r\nlate\r\nHD\r\n");
    EXPECT_EQ(user.answer(large), fmt::format("VALUE large 3 {}\r\n{}\r\nEND\r\n", value.size(), value));
    const auto next = user.ask("get k\r\n");  // on the same connection, and late answers were nobody's
    peer.expect("mg k f v\r\n");
    peer.say("VA 3 f0\r\nown\r\n");
    EXPECT_EQ(user.answer(next), "VALUE k 0 3\r\nown\r\nEND\r\n");
}

TEST_F(busy_pool, set_that_a_slow_server_goes_on_taking_may_take_longer) {
    peer.receive_little();
    make();
    const std::string value(std::size_t{7} << 20, 'v'), command = fmt::format("ms k {}\r\n", value.size());
    const auto large = user.ask(set(value)), behind = user.ask("get k\r\n");
    peer.expect(command);
    std::size_t taken = 0;
    keep_moving_until_answered(behind, [&] {
        peer.expect(std::string_view(value).substr(taken, 8'192));
        taken += 8'192;
    });
    EXPECT_EQ(user.answer(behind), "END\r\n");
    EXPECT_FALSE(user.is_answered(large));
    peer.expect(value.substr(taken) + "\r\nmg k f v\r\n");
    peer.say("HD\r\nEN\r\n");
    EXPECT_EQ(user.answer(large), "STORED\r\n");
}

TEST_F(busy_pool, late_answers_of_every_kind_are_thrown_away) {
    make();
    const auto large = user.ask("get large\r\n");
    peer.expect("mg large f v\r\n");
    const struct {
        std::string_view client, server, answer;
    } cases[] = {
        {"gets k\r\n", "mg k c f v\r\n", "VA 1 c7 f5\r\nx\r\n"},
        {"touch k 9\r\n", "mg k T9\r\n", "EN\r\n"},
        {"cas k 0 0 1 7\r\nx\r\n", "ms k 1 C7\r\nx\r\n", "EX\r\n"},
        {"delete k\r\n", "md k\r\n", "NF\r\n"},
        {"incr k 1\r\n", "ma k v D1\r\n", "VA 1\r\n8\r\n"},
        {"ma k q N9\r\n", "ma k q N9\r\nmn\r\n", "MN\r\n"},
        {"mg YWJj b k v\r\n", "mg YWJj b v k\r\n", "VA 1 kYWJj b\r\nx\r\n"},
        {"me k\r\n", "me k\r\n", "ME k exp=-1 la=0 cas=1 fetch=no cls=1 size=60\r\n"},
        {"set k 0 0 9000000\r\n", "md k\r\n", "HD\r\n"},
        {"stats\r\n", "stats\r\n", "STAT pid 7\r\nEND\r\n"},
        {"flush_all\r\n", "flush_all 0\r\n", "OK\r\n"},
        {"mg k t\r\n", "mg k t\r\n", "CLIENT_ERROR bad\r\n"},
    };
    std::string answers = "\r\n";
    std::size_t last = 0;
    for (const auto& one : cases) {
        last = user.ask(one.client);
        peer.expect(one.server);
        answers += one.answer;
    }
    peer.say("VA 100000 f0\r\n");
    std::size_t said = 0;
    keep_moving_until_answered(last, [&] {
        peer.say("v");
        ++said;
    });
    peer.say(std::string(100'000 - said, 'v') + answers);
    EXPECT_TRUE(user.answer(large).starts_with("VALUE large 0 100000\r\n"));
    const auto next = user.ask("get k\r\n");
    peer.expect("mg k f v\r\n");
    peer.say("VA 3 f0\r\nown\r\n");
    EXPECT_EQ(user.answer(next), "VALUE k 0 3\r\nown\r\nEND\r\n");
}

TEST_F(busy_pool, server_that_goes_on_answering_keeps_its_connection_though_many_are_late) {
    options.timeout = 2s;  // many calls take a sanitizer long
    make();
    constexpr std::size_t count = 30'000;
    std::size_t last = 0;
    user.home.run_and_wait([&] {
        for (std::size_t i = 0; i < count; ++i) last = user.submit("get k\r\n");
    });
    peer.expect("mg k f v\r\n");
    std::size_t said = 0;
    keep_moving_until_answered(last, [&] {
        peer.say("EN\r\n");
        ++said;
    });
    ASSERT_LT(said, count);
    for (; said < count; ++said) peer.say("EN\r\n");
    const auto next = user.ask(set("x"));
    for (std::size_t i = 1; i < count; ++i) peer.expect("mg k f v\r\n");
    peer.expect("ms k 1\r\nx\r\n");
    peer.say("HD\r\n");
    EXPECT_EQ(user.answer(next), "STORED\r\n");
}

TEST_F(busy_pool, answer_that_stops_in_its_middle_ends_the_connection) {
    options.timeout = 100ms;
    options.miss_on_error = false;
    make();
    const auto half = user.ask("get k\r\n");
    peer.expect("mg k f v\r\n");
    peer.say("VA 100 f0\r\nhalf");
    EXPECT_EQ(user.answer(half), failure("did not answer in time, not_done"));
    peer.expect_reset();
}

TEST_F(busy_pool, answer_that_flows_for_longer_than_transfer_max_ends_the_connection) {
    options.timeout = 250ms;
    options.transfer_max = 500ms;
    options.miss_on_error = false;
    make();
    const auto endless = user.ask("get k\r\n");
    peer.expect("mg k f v\r\n");
    peer.say("VA 100000 f0\r\n");
    keep_moving_until_answered(endless, [&] {
        try {
            peer.say("v");
        } catch (const std::system_error&) {  // it is cut while this is said
        }
    });
    EXPECT_EQ(user.answer(endless), failure("did not answer in time, not_done"));
    EXPECT_NE(user.say("stats servers\r\n").find(":last_failure one exchange took longer than transfer_max\r\n"),
              std::string::npos);
}

TEST_F(busy_pool, store_that_goes_answers_what_waits_behind_calls_that_were_given_up) {
    make();
    const auto large = user.ask("get large\r\n"), late = user.ask(set("x"));
    peer.expect("mg large f v\r\nms k 1\r\nx\r\n");
    peer.say("VA 100000 f0\r\n");
    keep_moving_until_answered(late, [&] { peer.say("v"); });
    const auto last = user.ask(set("y"));
    user.forget();
    EXPECT_EQ(user.answer(large), "END\r\n");
    EXPECT_EQ(user.answer(late), failure("did not answer in time, maybe_done"));
    EXPECT_EQ(user.answer(last), failure("is being stopped, maybe_done"));
}

TEST_F(pool, server_that_refuses_is_down_after_some_failures_and_used_again) {
    options.servers = {{"127.0.0.1", peer.port(), 1}};
    options.backoff_min = options.backoff_max = 1h;
    peer.stop_listening();
    user.make(options);
    std::vector<std::string> told;
    for (int i = 0; i < 5; ++i) told.push_back(user.say(set("x")));
    EXPECT_EQ(told.back(), failure("is down, not_done"));
    for (const std::string& one : told) EXPECT_TRUE(one.ends_with(", not_done\r\n")) << one;
    EXPECT_EQ(user.say("get k\r\n"), "END\r\n");
    EXPECT_EQ(user.say("touch k 1\r\n"), failure("is down, not_done"));
}

TEST_F(pool, server_that_was_down_is_asked_again_and_used) {
    options.servers = {{"127.0.0.1", peer.port(), 1}};
    peer.stop_listening();
    user.make(options);
    while (user.say(set("x")) != failure("is down, not_done")) {}
    memcached_peer again(peer.port());
    again.greet();
    std::size_t number;
    do number = user.ask(set("y"));
    while (user.is_answered(number));
    again.expect("ms k 1\r\ny\r\n");
    again.say("HD\r\n");
    EXPECT_EQ(user.answer(number), "STORED\r\n");
}

TEST_F(pool, server_that_greets_and_answers_no_call_is_down_all_the_same) {
    options.timeout = 300ms;
    options.failures_max = 2;
    make();
    const auto fails = [&] {
        const auto number = user.ask(set("x"));
        peer.expect("ms k 1\r\nx\r\n");
        EXPECT_EQ(user.answer(number), failure("did not answer in time, maybe_done"));
    };
    fails();
    wait_for_state("idle");
    const auto second = user.ask(set("x"));
    peer.greet();
    peer.expect("ms k 1\r\nx\r\n");
    EXPECT_EQ(user.answer(second), failure("did not answer in time, maybe_done"));
    wait_for_state("down");
    for (int i = 0; i < 3; ++i) {  // to greet brings it back, and the first call that fails takes it down
        EXPECT_EQ(user.say(set("x")), failure("is down, not_done"));
        peer.greet();
        wait_for_state("trial");
        fails();
        wait_for_state("down");
    }
    peer.greet();
    wait_for_state("trial");
    const auto number = user.ask(set("y"));
    peer.expect("ms k 1\r\ny\r\n");
    peer.say("HD\r\n");
    EXPECT_EQ(user.answer(number), "STORED\r\n");
    EXPECT_EQ(state(), "up");
    EXPECT_NE(user.say("stats servers\r\n").find(":failures_in_a_row 0\r\n"), std::string::npos);
}

TEST_F(pool, server_that_accepts_and_says_nothing_is_given_up_in_time) {
    options.timeout = 50ms;
    options.servers = {{"127.0.0.1", peer.port(), 1}};
    user.make(options);
    EXPECT_EQ(user.say(set("x")), failure("did not answer in time, not_done"));
    while (user.say(set("x")) != failure("is down, not_done")) {}
}

TEST_F(pool, server_that_knows_no_meta_commands_is_said_to_be_too_old) {
    options.servers = {{"127.0.0.1", peer.port(), 1}};
    user.make(options);
    const auto number = user.ask(set("x"));
    peer.greet("ERROR\r\nVERSION 1.4.33\r\n");
    EXPECT_EQ(user.answer(number), failure("knows no meta commands, which memcached 1.6.10 and later do, not_done"));
    peer.expect_end();  // the value of the set is not taken for commands
}

TEST_F(pool, server_that_keeps_no_versions_is_not_used_where_items_have_them) {
    const std::string too_old = failure("is too old to keep versions, which memcached 1.6.27 and later do, not_done");
    options.versions = true;
    options.failures_max = 2;
    options.servers = {{"127.0.0.1", peer.port(), 1}};
    user.make(options);
    auto number = user.ask(set("x"));
    for (unsigned i = 0; i < options.failures_max; ++i) {
        peer.greet("CLIENT_ERROR invalid flag\r\nVERSION 1.6.18\r\n");
        EXPECT_EQ(user.answer(number), too_old);
        peer.expect_end();  // nothing is written to it
        number = user.ask(set("x"));
    }
    wait_for_state("down");
    EXPECT_EQ(user.answer(number), too_old);
    EXPECT_NE(user.say("stats servers\r\n").find(":version 1.6.18\r\n"), std::string::npos);
    peer.greet();  // it is asked again, and is a newer one
    wait_for_state("trial");
    number = user.ask(set("x"));
    peer.expect("ms k 1\r\nx\r\n");
    peer.say("HD\r\n");
    EXPECT_EQ(user.answer(number), "STORED\r\n");
}

TEST_F(pool, server_that_keeps_no_versions_is_used_where_items_have_none) {
    options.servers = {{"127.0.0.1", peer.port(), 1}};
    user.make(options);
    const auto number = user.ask(set("x"));
    peer.greet("CLIENT_ERROR invalid flag\r\nVERSION 1.6.18\r\n");
    peer.expect("ms k 1\r\nx\r\n");
    peer.say("HD\r\n");
    EXPECT_EQ(user.answer(number), "STORED\r\n");
}

TEST_F(pool, end_of_an_idle_connection_is_no_failure) {
    options.failures_max = 1;
    make();
    for (int i = 0; i < 3; ++i) {
        const auto number = user.ask("get k\r\n");
        peer.expect("mg k f v\r\n");
        peer.say("EN\r\n");
        EXPECT_EQ(user.answer(number), "END\r\n");
        peer.cut();
        while (user.say("stats servers\r\n").find(":state idle\r\n") == std::string::npos) {}
        user.ask("get other\r\n");
        peer.greet();
        peer.expect("mg other f v\r\n");
        peer.say("EN\r\n");
    }
    EXPECT_NE(user.say("stats servers\r\n").find(":failures 0\r\n"), std::string::npos);
}

TEST_F(pool, get_that_fails_is_told_as_the_failure_where_that_is_wished) {
    options.miss_on_error = false;
    make();
    const auto get = user.ask("get k\r\n"), meta = user.ask("mg k v\r\n"), touch = user.ask("gat 5 k\r\n");
    peer.expect("mg k f v\r\nmg k v\r\nmg k f v T5\r\n");
    peer.cut();
    EXPECT_EQ(user.answer(get), failure("closed the connection, not_done"));
    EXPECT_EQ(user.answer(meta), failure("closed the connection, not_done"));
    EXPECT_EQ(user.answer(touch), failure("closed the connection, maybe_done"));
}

TEST_F(pool, too_many_calls_or_bytes_are_told_busy) {
    options.waiting_max = 2;
    options.waiting_max_bytes = 100'000;
    make();
    user.ask("get a\r\n");
    user.ask("get b\r\n");
    EXPECT_EQ(user.say(set("x")), failure("is busy, not_done"));
    EXPECT_EQ(user.say("get k\r\n"), "END\r\n");
}

/// Two servers, and a key of each.
class pool_of_two : public pool {
protected:
    pool_of_two() {
        options.servers = {{"127.0.0.1", peer.port(), 1}, {"127.0.0.1", other.port(), 1}};
        const auto placed =
            make_placement(options.hash, {{"127.0.0.1", peer.port(), 1}, {"127.0.0.1", other.port(), 1}}, "");
        for (int i = 0; of_peer.empty() || of_other.empty(); ++i) {
            const std::string key = fmt::format("key{}", i);
            (placed->server_of(key) == 0 ? of_peer : of_other) = key;
        }
    }
    void make_both() {
        user.make(options);
        peer.greet();
        other.greet();
    }

    memcached_peer other;
    std::string of_peer, of_other;
};

TEST_F(pool_of_two, server_beside_one_that_hangs_is_unharmed) {
    options.timeout = 100ms;
    make_both();
    const auto hangs = user.ask(fmt::format("set {} 0 0 1\r\nx\r\n", of_peer));
    const auto both = user.ask(fmt::format("get {}\r\n", of_other));
    other.expect(fmt::format("mg {} f v\r\n", of_other));
    other.say("VA 1 f0\r\nx\r\n");
    EXPECT_EQ(user.answer(both), fmt::format("VALUE {} 0 1\r\nx\r\nEND\r\n", of_other));
    EXPECT_FALSE(user.is_answered(hangs));
    EXPECT_EQ(user.answer(hangs), failure("did not answer in time, maybe_done"));
}

TEST_F(pool_of_two, statistics_are_the_sum_of_what_the_servers_say) {
    make_both();
    const auto number = user.ask("stats\r\n");
    for (memcached_peer* const one : {&peer, &other}) {
        one->expect("stats\r\n");
        one->say("STAT pid 7\r\nSTAT cmd_get 5\r\nSTAT version 1.6.38\r\nEND\r\n");
    }
    EXPECT_EQ(user.answer(number), "STAT pid 7\r\nSTAT cmd_get 10\r\nSTAT version 1.6.38\r\nEND\r\n");
}

TEST_F(pool_of_two, flush_all_is_ok_when_every_server_says_so) {
    make_both();
    const auto number = user.ask("flush_all\r\n");
    for (memcached_peer* const one : {&peer, &other}) one->expect("flush_all 0\r\n");
    peer.say("OK\r\n");
    EXPECT_FALSE(user.is_answered(number));
    other.say("OK\r\n");
    EXPECT_EQ(user.answer(number), "OK\r\n");
    const auto again = user.ask("flush_all\r\n");
    for (memcached_peer* const one : {&peer, &other}) one->expect("flush_all 0\r\n");
    other.say("OK\r\n");
    peer.cut();
    EXPECT_EQ(user.answer(again), failure("closed the connection, maybe_done"));
}

TEST_F(pool, name_that_does_not_resolve_makes_its_server_unreachable) {
    fake_resolver names;
    names.home = &user.home;
    names.answer.trouble = "no such host";
    options.servers = {{"cache.example", 11211, 1}};
    options.backoff_min = options.backoff_max = 1h;
    user.make(options, &names);
    std::string told;
    do told = user.say(set("x"));
    while (told == "SERVER_ERROR server cache.example:11211 is unreachable, not_done\r\n");
    EXPECT_EQ(told, "SERVER_ERROR server cache.example:11211 is down, not_done\r\n");
    user.forget();
}

TEST_F(pool, name_with_another_address_moves_the_connection_in_good_order) {
    memcached_peer moved_to;
    fake_resolver names;
    names.home = &user.home;
    names.answer.addresses = {literal_address({"127.0.0.1", peer.port(), 1})};
    options.servers = {{"cache.example", 11211, 1}};
    options.resolve_every = 20ms;
    user.make(options, &names);
    peer.greet();
    const auto first = user.ask(set("x"));
    peer.expect("ms k 1\r\nx\r\n");
    user.home.run_and_wait([&] { names.answer.addresses = {literal_address({"127.0.0.1", moved_to.port(), 1})}; });
    moved_to.greet();
    const auto second = user.ask(set("y"));
    moved_to.expect("ms k 1\r\ny\r\n");
    moved_to.say("HD\r\n");
    EXPECT_EQ(user.answer(second), "STORED\r\n");
    peer.say("HD\r\n");  // the old address answers what it was asked
    EXPECT_EQ(user.answer(first), "STORED\r\n");
    user.forget();
}

TEST_F(pool, second_address_of_a_name_is_tried_when_the_first_refuses) {
    memcached_peer refuses;
    refuses.stop_listening();
    fake_resolver names;
    names.home = &user.home;
    names.answer.addresses = {literal_address({"127.0.0.1", refuses.port(), 1}),
                              literal_address({"127.0.0.1", peer.port(), 1})};
    options.servers = {{"cache.example", 11211, 1}};
    user.make(options, &names);
    while (user.say("stats servers\r\n").find(":failures 1\r\n") == std::string::npos) {}
    const auto number = user.ask("get k\r\n");
    peer.greet();
    peer.expect("mg k f v\r\n");
    peer.say("EN\r\n");
    EXPECT_EQ(user.answer(number), "END\r\n");
    user.forget();
}

TEST_F(pool, store_that_goes_answers_what_waits) {
    make();
    const auto sent = user.ask(set("x"));
    peer.expect("ms k 1\r\nx\r\n");
    user.forget();
    EXPECT_EQ(user.answer(sent), failure("is being stopped, maybe_done"));
}

TEST_F(pool, values_arrive_whole_however_they_are_cut) {
    make();
    std::mt19937 random(1);
    std::string value(300'000, '\0');
    for (char& c : value) c = static_cast<char>(random());
    const std::string answer = fmt::format("VA {} f0\r\n{}\r\n", value.size(), value);
    const std::string told = fmt::format("VALUE k 0 {}\r\n{}\r\nEND\r\n", value.size(), value);
    for (int round = 0; round < 5; ++round) {
        const auto number = user.ask("get k\r\n");
        peer.expect("mg k f v\r\n");
        for (std::string_view rest(answer); !rest.empty();) {
            const std::size_t n = std::min<std::size_t>(rest.size(), 1 + random() % 40'000);
            peer.say(rest.substr(0, n));
            rest.remove_prefix(n);
        }
        EXPECT_TRUE(user.answer(number) == told);
    }
    const auto slow = user.ask("get k\r\n");
    peer.expect("mg k f v\r\n");
    for (const char c : "VA 5 f7\r\nhello\r\n"sv) peer.say({&c, 1});
    EXPECT_EQ(user.answer(slow), "VALUE k 7 5\r\nhello\r\nEND\r\n");
}

}  // namespace
