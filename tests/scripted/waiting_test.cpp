// Gets that wait before a pool whose server does what the test says, through sockets on both sides.
#include <freshet/config.hpp>
#include <freshet/time.hpp>

#include "route/table.hpp"
#include "route/wait.hpp"
#include "server/server.hpp"
#include "store/pool/pool.hpp"
#include "support/memcached_peer.hpp"
#include "support/plain_client.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

using namespace freshet;
using namespace freshet::test;
using namespace std::literals;

namespace {

/// Gets of "w:" wait, others do not.
class waiting_host final : public server_host {
public:
    std::unique_ptr<route_table> make_routes(shard& home) override {
        auto table = std::make_unique<route_table>();
        store& pool = table->keep(make_memcached_store(home, options));
        table->add("", pool);
        table->add("w:", table->keep(make_wait_store(home, pool, wait)));
        return table;
    }
    memcached_options options;
    milliseconds wait{60'000};
};

class waiting_get : public testing::Test {
protected:
    waiting_get() {
        config.listen = {"127.0.0.1:0"};
        host.options.timeout = 60s;
        host.options.servers = {{"127.0.0.1", peer.port(), 1}};
    }
    ~waiting_get() override {
        if (subject) subject->stop(steady::now());
    }
    void start() {
        subject = make_server(config, host);
        const auto started = subject->start();
        ASSERT_TRUE(started) << started.error().text;
        address = started->front().substr("listening on "sv.size());
        peer.greet();
    }
    memcached_peer peer;
    server_config config;
    waiting_host host;
    std::unique_ptr<freshet::server> subject;
    std::string address;
};

TEST_F(waiting_get, is_a_miss_at_its_time_though_the_server_stands_still_and_late_answers_are_nobody_s) {
    host.wait = 100ms;  // five ticks
    start();
    plain_client client(address);
    client.send("get w:k\r\n");
    peer.expect("mg w:k f v\r\n");
    EXPECT_EQ(client.read_line(), "END\r\n");
    client.send("get other\r\n");
    peer.expect("mg other f v\r\n");  // the waiting one was not asked again while it stood there
    peer.say("VA 4 f1\r\nlate\r\nVA 3 f2\r\nown\r\n");
    const std::string expected = "VALUE other 2 3\r\nown\r\nEND\r\n";
    EXPECT_EQ(client.read(expected.size()), expected);
}

TEST_F(waiting_get, asks_again_once_it_is_answered_until_the_value_is_there) {
    start();
    plain_client client(address);
    client.send("gets w:k\r\n");
    peer.expect("mg w:k c f v\r\n");
    peer.say("EN\r\n");
    peer.expect("mg w:k c f v\r\n");  // as the client asked it
    peer.say("VA 1 c9 f0\r\nx\r\n");
    const std::string expected = "VALUE w:k 0 1 9\r\nx\r\nEND\r\n";
    EXPECT_EQ(client.read(expected.size()), expected);
}

TEST_F(waiting_get, of_a_client_that_has_sent_its_last_ends_soon) {
    start();
    plain_client client(address);
    client.send("get w:k\r\n");
    client.finish_sending();
    peer.expect("mg w:k f v\r\n");
    peer.say("EN\r\n");
    EXPECT_EQ(client.read_all(), "END\r\n");  // though it is asked again, and stands still
}

TEST_F(waiting_get, goes_on_when_its_server_dies_and_has_the_value_of_the_one_that_comes_back) {
    host.options.backoff_min = host.options.backoff_max = 10ms;
    start();
    plain_client client(address);
    client.send("get w:k\r\n");
    peer.expect("mg w:k f v\r\n");
    peer.cut();
    peer.greet();
    peer.expect("mg w:k f v\r\n");
    peer.say("VA 1 f0\r\nx\r\n");
    const std::string expected = "VALUE w:k 0 1\r\nx\r\nEND\r\n";
    EXPECT_EQ(client.read(expected.size()), expected);
}

TEST_F(waiting_get, ends_with_the_failure_of_its_server_where_that_is_told) {
    host.options.miss_on_error = false;
    start();
    plain_client client(address);
    client.send("get w:k\r\n");
    peer.expect("mg w:k f v\r\n");
    peer.cut();
    EXPECT_EQ(client.read_line(),
              fmt::format("SERVER_ERROR server {} closed the connection, not_done\r\n", peer.name()));
}

TEST_F(waiting_get, goes_on_while_its_server_has_as_many_calls_as_it_may) {
    host.options.waiting_max = 1;
    start();
    plain_client client(address), other(address);
    other.send("get k\r\n");
    peer.expect("mg k f v\r\n");
    client.send("version\r\nget w:k\r\n");
    EXPECT_TRUE(client.read_line().starts_with("VERSION "));  // said behind the turn that has asked for both
    peer.say("EN\r\n");
    EXPECT_EQ(other.read_line(), "END\r\n");
    peer.expect("mg w:k f v\r\n");
    peer.say("VA 1 f0\r\nx\r\n");
    EXPECT_EQ(client.read_line(), "VALUE w:k 0 1\r\n");
}

TEST_F(waiting_get, is_answered_while_the_server_stops) {
    start();
    plain_client client(address);
    client.send("get w:k\r\n");
    peer.expect("mg w:k f v\r\n");
    std::thread stopping([&] { subject->stop(steady::now() + 60s); });
    EXPECT_THROW(
        {
            for (;;) plain_client refused(address);
        },
        std::runtime_error);
    peer.say("EN\r\n");
    peer.expect("mg w:k f v\r\n");
    peer.say("VA 1 f0\r\nx\r\n");
    EXPECT_EQ(client.read_all(), "VALUE w:k 0 1\r\nx\r\nEND\r\n");
    stopping.join();
}

TEST_F(waiting_get, of_a_client_that_was_reset_holds_its_connection_no_longer) {
    start();
    {
        plain_client client(address);
        client.send("get w:k\r\n");
        peer.expect("mg w:k f v\r\n");
        client.vanish();
    }
    plain_client other(address);
    other.send("get k\r\n");
    peer.expect("mg k f v\r\n");
    peer.say("EN\r\nEN\r\n");
    EXPECT_EQ(other.read_line(), "END\r\n");
}

TEST_F(waiting_get, ends_with_the_server_s_end) {
    start();
    plain_client client(address);
    client.send("get w:k\r\n");
    peer.expect("mg w:k f v\r\n");
    subject->stop(steady::now());
    subject.reset();
    EXPECT_EQ(client.read_all(), "");
}

class call_to_a_server : public waiting_get {};

TEST_F(call_to_a_server, of_a_client_that_was_reset_is_made_and_its_answer_is_nobody_s) {
    start();
    {
        plain_client client(address);
        client.send("set k 0 0 1\r\nx\r\n");
        peer.expect("ms k 1\r\nx\r\n");  // it is done, whoever asked for it
        client.vanish();
    }
    plain_client other(address);
    other.send("get k\r\n");
    peer.expect("mg k f v\r\n");
    peer.say("HD\r\nVA 1 f0\r\nx\r\n");
    EXPECT_EQ(other.read_line(), "VALUE k 0 1\r\n");
}

}  // namespace
