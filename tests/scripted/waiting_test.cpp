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
#include <string>

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

}  // namespace
