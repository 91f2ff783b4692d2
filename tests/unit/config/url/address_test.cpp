#include "config/url/address.hpp"

#include <gtest/gtest.h>

namespace freshet::reading {
namespace {

TEST(address, listeners_are_hosts_or_socket_files) {
    for (const auto* right : {"127.0.0.1:11311", "0.0.0.0:0", "localhost:65535", "my-host.example:1", "[::1]:11311",
                              "[::]:0", "*:1", "unix:/run/x.sock"}) {
        EXPECT_EQ(wrong_listen_address(right), "") << right;
    }
    for (const auto* wrong : {"",
                              "127.0.0.1",
                              ":11311",
                              "11311",
                              "127.0.0.1:",
                              "127.0.0.1:x",
                              "127.0.0.1:65536",
                              "127.0.0.1:-1",
                              "127.0.0.1:1 ",
                              "1.2.3:1",
                              "1.2.3.256:1",
                              "::1:11311",
                              "[::1]",
                              "[::1]11311",
                              "[x]:1",
                              "[::1:1",
                              "unix:",
                              "unix:x",
                              "unix:/x/",
                              "a b:1",
                              "http://x:1",
                              "*"}) {
        EXPECT_NE(wrong_listen_address(wrong), "") << wrong;
    }
    EXPECT_NE(wrong_listen_address("unix:/" + std::string(200, 'x')), "");
    EXPECT_EQ(wrong_listen_address("::1:11311"),
              "'::1:11311' is no address; write an IPv6 address in brackets, as in \"[::1]:11311\"");
}

TEST(address, calls_go_to_http) {
    for (const auto* right : {"http://h", "http://h/", "http://127.0.0.1:9000/resize?x=1&y=%20", "http://[::1]:80/x",
                              "http://h?x", "https://h/x", "https://h:8443"}) {
        EXPECT_EQ(wrong_http_url(right), "") << right;
    }
    for (const auto* wrong : {"", "h/x", "https:/h", "https://", "ftp://h/", "http:/h", "http://", "http:///x",
                              "http://h:0/", "http://h:x/", "http://u:p@h/", "http://h/#x", "http://h/a b",
                              "http://h/\r\nX: y", "http://h_/", "http://*/"}) {
        EXPECT_NE(wrong_http_url(wrong), "") << wrong;
    }
}

TEST(address, stores_are_in_memory_or_servers_and_queues_in_a_file_or_on_a_broker) {
    for (const auto* right : {"memory:", "memcached://h", "memcached://h:1?weight=2", "memcached://[::1]", "unix:/x"})
        EXPECT_EQ(wrong_store_url(right), "") << right;
    for (const auto* wrong : {"", "memory", "memory:x", "memcached://", "memcached://h:0", "memcached://h?weight=0",
                              "memcached://h?x=1", "unix:x", "redis://h", "journal:"})
        EXPECT_NE(wrong_store_url(wrong), "") << wrong;
    for (const auto* right : {"journal:", "journal:/x/y.db", "journal:y.db", "amqp://h", "amqps://u:p@h:1/%2F?queue=q",
                              "amqp://h/v?queue=q&declare=create", "kafka://h", "kafka://[::1]:9?topic=t"})
        EXPECT_EQ(wrong_queue_url(right), "") << right;
    for (const auto* wrong : {"", "journal", "journal://x", "journal:/x/", "amqp:h", "amqp://", "amqp://h:0",
                              "amqp://h/a/b", "amqp://@h", "amqp://h?topic=t", "amqp://h?declare=always", "amqp://h/%2",
                              "kafka://", "kafka://u:p@h", "kafka://h/x", "kafka://h?queue=q", "nats://h", "memory:"})
        EXPECT_NE(wrong_queue_url(wrong), "") << wrong;
}

}  // namespace
}  // namespace freshet::reading
