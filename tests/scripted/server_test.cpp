// The server by itself: sockets in front, a store that answers when the test says so behind.
#include <freshet/config.hpp>
#include <freshet/time.hpp>

#include "server/server.hpp"
#include "server/server_shard.hpp"
#include "support/plain_client.hpp"
#include "support/test_host.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

using namespace freshet;
using namespace freshet::test;
using namespace std::literals;

namespace {

class server : public testing::Test {
protected:
    server() { config.listen = {"127.0.0.1:0"}; }
    ~server() override { stop(0ms); }

    void start() {
        subject = make_server(config, host);
        const auto started = subject->start();
        ASSERT_TRUE(started) << started.error().text;
        address = started->front().substr("listening on "sv.size());
    }
    void stop(milliseconds limit) {
        if (subject) subject->stop(steady::now() + limit);
    }
    /// Waits until the server says so.
    void wait_for_connections(unsigned count) {
        plain_client asker(address);
        const std::string wanted = fmt::format("STAT curr_connections {}\r\n", count + 1);
        for (;;) {
            asker.send("stats\r\n");
            bool found = false;
            for (std::string line; line != "END\r\n"; line = asker.read_line()) found = found || line == wanted;
            if (found) return;
        }
    }
    static std::string value(std::string_view key) {
        return fmt::format("VALUE {} 0 {}\r\n{}\r\nEND\r\n", key, key.size(), key);
    }

    server_config config;
    test_host host;
    std::unique_ptr<freshet::server> subject;
    std::string address;
};

TEST_F(server, replies_keep_the_order_of_the_commands_while_some_wait) {
    start();
    plain_client client(address);
    client.send("get held1\r\nget now\r\nversion\r\nget held2\r\nmn\r\n");
    host.wait_for_held(2);
    host.release_newest();
    host.release_newest();
    std::string expected = value("held1") + value("now");
    EXPECT_EQ(client.read(expected.size()), expected);
    EXPECT_TRUE(client.read_line().starts_with("VERSION "));
    expected = value("held2") + "MN\r\n";
    EXPECT_EQ(client.read(expected.size()), expected);
}

TEST_F(server, answers_that_wait_behind_one_that_is_held_fill_no_memory_without_end) {
    start();
    plain_client client(address);
    constexpr std::size_t count = 1'000, each = std::size_t{64} << 10;
    std::string commands = "get held\r\n";
    for (std::size_t i = 0; i < count; ++i) commands += "get large\r\n";
    client.send(commands + "mn\r\n");
    host.wait_for_held(1);
    std::size_t asked = 0;
    host.parts.front().home->run_and_wait([&] { asked = host.parts.front().store->asked; });
    EXPECT_LT(asked, 2 * (server_shard::unsent_max_bytes / each));
    host.release_all();
    const std::string first = value("held");
    EXPECT_EQ(client.read(first.size()), first);
    const std::string large = fmt::format("VALUE large 0 {}\r\n{}\r\nEND\r\n", each, std::string(each, 'x'));
    for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(client.read(large.size()), large);
    EXPECT_EQ(client.read_line(), "MN\r\n");
}

TEST_F(server, get_of_several_keys_ends_with_the_failure_of_one) {
    start();
    plain_client client(address);
    client.send("get now broken held\r\nget broken\r\nget now broken\r\nget now\r\n");
    host.wait_for_held(1);
    host.release_all();
    const std::string failed = "SERVER_ERROR server x did not answer in time, not_done\r\n";
    const std::string expected = "VALUE now 0 3\r\nnow\r\nVALUE held 0 4\r\nheld\r\n" + failed + failed +
                                 "VALUE now 0 3\r\nnow\r\n" + failed + value("now");
    EXPECT_EQ(client.read(expected.size()), expected);
}

TEST_F(server, pipeline_deeper_than_a_session_holds_is_answered_whole) {
    start();
    plain_client client(address);
    constexpr int depth = 5'000;
    std::string commands, expected;
    for (int i = 0; i < depth; ++i) {
        commands += fmt::format("get held{}\r\n", i);
        expected += value(fmt::format("held{}", i));
    }
    client.send(commands + "get end\r\n");
    expected += value("end");
    std::thread releasing([&] {
        for (std::size_t wave = 0; wave < 5; ++wave) {
            host.wait_for_held(wave < 4 ? 1'000 : 500);
            host.release_all();
        }
        for (int i = 0; i < 100; ++i) host.release_all();
    });
    EXPECT_TRUE(client.read(expected.size()) == expected);
    releasing.join();
}

TEST_F(server, what_was_kept_back_goes_on_when_one_call_after_another_is_answered) {
    start();
    plain_client client(address);
    std::string commands;
    for (int i = 0; i < 1'100; ++i) commands += "get held\r\n";
    client.send(commands);
    host.wait_for_held(1'024);
    // From here on the client sends nothing: only answers can make the session go on.
    for (int i = 0; i < 1'024; ++i) host.release_newest();
    for (int i = 0; i < 76; ++i) {
        host.wait_for_held(1);
        host.release_newest();
    }
    const std::string one = value("held");
    for (int i = 0; i < 1'100; ++i) ASSERT_EQ(client.read(one.size()), one) << i;
}

TEST_F(server, client_that_does_not_read_hinders_nobody_and_gets_all_in_the_end) {
    start();
    plain_client slow(address);
    constexpr int count = 2'000;  // 128 MiB
    std::string commands;
    for (int i = 0; i < count; ++i) commands += "get large\r\n";
    slow.send(commands);
    plain_client other(address);
    for (int i = 0; i < 100; ++i) {
        other.send("get quick\r\n");
        ASSERT_EQ(other.read(value("quick").size()), value("quick"));
    }
    const std::string large(64 << 10, 'x');
    const std::string one = fmt::format("VALUE large 0 {}\r\n{}\r\nEND\r\n", large.size(), large);
    for (int i = 0; i < count; ++i) ASSERT_TRUE(slow.read(one.size()) == one) << i;
}

TEST_F(server, server_reads_no_more_of_a_client_that_does_not_read) {
    start();
    plain_client slow(address);
    std::string commands;
    for (int i = 0; i < 1'000; ++i) commands += "get large\r\n";
    std::size_t sent = 0;
    plain_client other(address);
    for (int stuck = 0; stuck < 20;) {  // in the end neither side's kernel takes more
        const std::size_t n = slow.send_some(commands);
        stuck = n == 0 ? stuck + 1 : 0;
        sent += n;
        other.send("mn\r\n");
        ASSERT_EQ(other.read_line(), "MN\r\n");
    }
    EXPECT_LT(sent, std::size_t{64} << 20);
}

TEST_F(server, get_of_very_many_keys_is_answered_whole_though_nothing_is_read_before_its_end) {
    start();
    plain_client client(address);
    const std::string key(200, 'k');
    const std::string one = fmt::format("VALUE {} 0 {}\r\n{}\r\n", key, key.size(), key);
    constexpr int count = 100'000;  // a line of 20 MiB, and 41 MiB of answers
    std::string line = "get";
    for (int i = 0; i < count; ++i) line += " " + key;
    client.send(line + "\r\nmn\r\n");
    for (int i = 0; i < count; ++i) ASSERT_TRUE(client.read(one.size()) == one) << i;
    EXPECT_EQ(client.read_line(), "END\r\n");
    EXPECT_EQ(client.read_line(), "MN\r\n");
}

TEST_F(server, get_of_very_many_keys_is_answered_whole_to_a_client_that_has_sent_its_last) {
    start();
    plain_client client(address);
    std::string line = "get", expected;
    for (int i = 0; i < 5'000; ++i) line += " now", expected += "VALUE now 0 3\r\nnow\r\n";
    client.send(line + " held\r\n");
    client.finish_sending();
    host.wait_for_held(1);
    host.release_all();
    EXPECT_EQ(client.read_all(), expected + "VALUE held 0 4\r\nheld\r\nEND\r\n");
}

TEST_F(server, failure_of_a_key_is_told_at_the_end_of_a_long_get_and_of_no_other) {
    start();
    plain_client client(address);
    const std::string blanks(2'100, ' '), failed = "SERVER_ERROR server x did not answer in time, not_done\r\n";
    const std::string now = "VALUE now 0 3\r\nnow\r\n";
    client.send("get now broken" + blanks + "now\r\n");
    client.send("get now broken" + blanks + std::string(300, 'k') + " now\r\n");
    client.send("get now" + blanks + "now\r\n");
    const std::string expected =
        now + now + failed + now + "CLIENT_ERROR bad command line format\r\n" + now + now + "END\r\n";
    EXPECT_EQ(client.read(expected.size()), expected);
}

TEST_F(server, what_is_pending_at_the_end_of_file_is_answered_before_the_close) {
    start();
    plain_client client(address);
    client.send("get held\r\nget now\r\n");
    client.finish_sending();
    host.wait_for_held(1);
    host.release_all();
    EXPECT_EQ(client.read_all(), value("held") + value("now"));
}

TEST_F(server, half_a_command_at_the_end_of_file_is_dropped) {
    start();
    plain_client client(address);
    client.send("get now\r\nset half 0 0 10\r\nabc");
    client.finish_sending();
    EXPECT_EQ(client.read_all(), value("now"));
}

TEST_F(server, client_that_vanishes_with_calls_pending_is_forgotten_when_they_are_answered) {
    start();
    {
        plain_client client(address);
        client.send("get held1\r\nget held2\r\n");
        host.wait_for_held(2);
        client.vanish();
    }
    host.release_newest();
    host.release_newest();
    wait_for_connections(0);
}

TEST_F(server, client_that_vanishes_with_much_kept_back_leaves_nothing) {
    start();
    for (int i = 0; i < 10; ++i) {
        plain_client client(address);
        std::string commands;
        for (int j = 0; j < 3'000; ++j) commands += j % 3 == 0 ? "get held\r\n" : "get large\r\n";
        client.send_some(commands);
        host.wait_for_held(1);
        client.vanish();
        host.release_all();
    }
    while (true) {
        host.release_all();
        bool none = true;
        for (const auto& p : host.parts) p.home->run_and_wait([&] { none = none && p.store->held.empty(); });
        if (none) break;
    }
    wait_for_connections(0);
}

TEST_F(server, value_larger_than_any_buffer_comes_in_pieces) {
    config.item_size_max_bytes = std::size_t{8} << 20;
    start();
    plain_client client(address);
    const std::string data(std::size_t{5} << 20, 'd');
    client.send(fmt::format("set k 0 0 {}\r\n", data.size()));
    for (std::size_t at = 0; at < data.size(); at += 100'001) client.send(std::string_view(data).substr(at, 100'001));
    client.send("\r\nmn\r\n");
    EXPECT_EQ(client.read_line(), "STORED\r\n");
    EXPECT_EQ(client.read_line(), "MN\r\n");
}

TEST_F(server, connection_over_the_limit_is_told_and_others_live_on) {
    config.connections_max = 2;
    start();
    plain_client first(address);
    first.send("mn\r\n");
    EXPECT_EQ(first.read_line(), "MN\r\n");
    {
        plain_client second(address);
        second.send("mn\r\n");
        EXPECT_EQ(second.read_line(), "MN\r\n");
        plain_client third(address);
        EXPECT_EQ(third.read_all(), "ERROR Too many open connections\r\n");
    }
    for (std::string line; line != "MN\r\n";) {
        plain_client again(address);
        again.send_some("mn\r\n");
        line = again.read_line();
    }
    first.send("mn\r\n");
    EXPECT_EQ(first.read_line(), "MN\r\n");
}

TEST_F(server, stop_answers_what_is_pending_and_closes) {
    start();
    plain_client client(address);
    client.send("get held\r\n");
    host.wait_for_held(1);
    std::thread stopping([&] { stop(60s); });
    EXPECT_THROW(
        {
            for (;;) plain_client refused(address);
        },
        std::runtime_error);
    host.release_all();
    EXPECT_EQ(client.read_all(), value("held"));
    stopping.join();
}

TEST_F(server, stop_waits_no_longer_than_it_may) {
    start();
    plain_client client(address);
    client.send("get held\r\n");
    host.wait_for_held(1);
    stop(1ms);
    EXPECT_EQ(client.read_all(), "");
    host.release_all();
}

TEST_F(server, many_clients_on_several_shards_get_their_own_answers) {
    config.threads = 3;
    start();
    std::vector<std::thread> clients;
    for (int i = 0; i < 12; ++i) {
        clients.emplace_back([this, i] {
            for (int round = 0; round < 20; ++round) {
                plain_client client(address);
                std::string commands, expected;
                for (int j = 0; j < 50; ++j) {
                    const std::string key = fmt::format("c{}-{}-{}", i, round, j);
                    commands += "get " + key + "\r\n";
                    expected += value(key);
                }
                client.send(commands);
                client.finish_sending();
                ASSERT_EQ(client.read_all(), expected);
            }
        });
    }
    for (std::thread& c : clients) c.join();
    wait_for_connections(0);
}

TEST_F(server, unix_socket_is_served_and_removed_at_the_end) {
    std::string folder = "/tmp/freshet-server-XXXXXX";
    folder = ::mkdtemp(folder.data());
    config.listen = {"unix:" + folder + "/socket"};
    start();
    {
        plain_client client(address);
        client.send("get now\r\n");
        EXPECT_EQ(client.read(value("now").size()), value("now"));
    }
    stop(60s);
    EXPECT_FALSE(std::filesystem::exists(folder + "/socket"));
    std::filesystem::remove_all(folder);
}

}  // namespace
