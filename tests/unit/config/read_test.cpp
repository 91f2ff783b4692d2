#include <freshet/config.hpp>

#include "call/call.hpp"
#include "config/file.hpp"
#include "support/pem.hpp"
#include "support/temporary_folder.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

namespace freshet {
namespace {

using namespace std::chrono_literals;

std::vector<std::string> mistakes_of(std::string_view text) {
    std::vector<std::string> to;
    for (const mistake& m : read_config(text).mistakes)
        to.push_back(fmt::format("{}:{}: {}", m.line, m.column, m.text));
    return to;
}

config right(std::string_view text) {
    config_reading r = read_config(text);
    for (const mistake& m : r.mistakes) ADD_FAILURE() << m.line << ":" << m.column << ": " << m.text;
    return r.value;
}

void expect_mistake(std::string_view text, std::string_view mistake) {
    const auto all = mistakes_of(text);
    ASSERT_EQ(all.size(), 1u) << text << "\n" << fmt::format("{}", fmt::join(all, "\n"));
    EXPECT_EQ(all.front(), mistake);
}

TEST(read, everything_is_where_it_belongs) {
    const test::temporary_folder folder;
    const std::string ca_file = folder.file("ca.pem");
    std::ofstream(ca_file) << test::certificate_pem;
    ::setenv("CA_FILE", ca_file.c_str(), 1);
    const config c = right(R"(
[server]
listen = ["127.0.0.1:0", "[::1]:11311", "unix:/tmp/x.sock"]
threads = 4
allow_exec = true
item_size_max = "2MiB"
connections_max = 500
stop_timeout = "3s"
queues_max = 7
queue_idle = "2h"

[store.main]
url = "memory:"
size = "64MiB"
flush_all = false
[store.results]

[queue.thumbs]
url = "journal:/tmp/other.db"
max_attempts = 0
backoff = "100ms..2m"
ack_timeout = "30s"
dedupe = "1h"
length_max = 100
bytes_max = "1GiB"
confirm_within = "1s"
ordered = true
expire = true
allow_tmpfs = true
[queue."mail.out"]
[queue."*"]
max_attempts = 2

[[route]]
prefix = ["a:", "b:"]
store = "results"
wait = "300ms"
[[route]]
prefix = "task:"
queue = "thumbs"
noreply = "warn"
[[route]]
prefix = "q/"
queue = "*"

[[flow]]
from = "thumbs"
call = "http://127.0.0.1:9000/resize"
into = "results"
key = "a:{id}"
ttl = "10d"
[[flow]]
from = "thumbs"
call = { http = "https://worker.example/", ca_file = "${CA_FILE}", proxy = true }
[[flow]]
from = "mail.out"
call = { exec = ["/bin/sh", "-c", "cat"], timeout = "1m" }
concurrency = 8
)");
    EXPECT_EQ(c.server.listen, (std::vector<std::string>{"127.0.0.1:0", "[::1]:11311", "unix:/tmp/x.sock"}));
    EXPECT_EQ(c.server.threads, 4u);
    EXPECT_TRUE(c.server.allow_exec);
    EXPECT_EQ(c.server.item_size_max_bytes, 2u << 20);
    EXPECT_EQ(c.server.connections_max, 500u);
    EXPECT_EQ(c.server.stop_timeout, 3s);
    EXPECT_EQ(c.server.queues_max, 7u);
    EXPECT_EQ(c.server.queue_idle, std::chrono::hours(2));
    ASSERT_EQ(c.stores.size(), 2u);
    EXPECT_EQ(c.stores[0].name, "main");
    EXPECT_EQ(c.stores[0].size_bytes, 64u << 20);
    EXPECT_FALSE(c.stores[0].flush_all);
    EXPECT_EQ(c.stores[1].name, "results");
    ASSERT_EQ(c.queues.size(), 2u);
    EXPECT_EQ(c.queues[0].name, "thumbs");
    EXPECT_EQ(c.queues[0].urls.front(), "journal:/tmp/other.db");
    EXPECT_TRUE(c.queues[0].allow_tmpfs);
    const queue_options& o = c.queues[0].options;
    EXPECT_EQ(o.max_attempts, 0u);
    EXPECT_EQ(o.backoff_min, 100ms);
    EXPECT_EQ(o.backoff_max, 2min);
    EXPECT_EQ(o.ack_timeout, 30s);
    EXPECT_EQ(o.dedupe, 1h);
    EXPECT_EQ(o.length_max, 100u);
    EXPECT_EQ(o.bytes_max, 1u << 30);
    EXPECT_EQ(o.confirm_within, 1s);
    EXPECT_TRUE(o.ordered);
    EXPECT_TRUE(o.expire);
    EXPECT_EQ(c.queues[1].name, "mail.out");
    EXPECT_EQ(c.made_queues.options.max_attempts, 2u);
    ASSERT_EQ(c.routes.size(), 4u);
    EXPECT_EQ(c.routes[0].prefixes, (std::vector<std::string>{"a:", "b:"}));
    EXPECT_EQ(c.routes[0].store, "results");
    EXPECT_EQ(c.routes[0].wait, 300ms);
    EXPECT_EQ(c.routes[1].queue, "thumbs");
    EXPECT_FALSE(c.routes[1].close_on_lost_noreply);
    EXPECT_TRUE(c.routes[2].any_queue);
    EXPECT_EQ(c.routes[2].queue, "");
    EXPECT_EQ(c.routes[3].prefixes, (std::vector<std::string>{""}));
    EXPECT_EQ(c.routes[3].store, "main");
    ASSERT_EQ(c.flows.size(), 3u);
    EXPECT_EQ(c.flows[0].from, "thumbs");
    EXPECT_EQ(c.flows[0].url, "http://127.0.0.1:9000/resize");
    EXPECT_EQ(c.flows[0].into, "results");
    EXPECT_EQ(c.flows[0].key, "a:{id}");
    EXPECT_EQ(c.flows[0].ttl, 864'000s);
    EXPECT_EQ(c.flows[0].timeout, 30s);
    EXPECT_FALSE(c.flows[0].proxy);
    EXPECT_EQ(c.flows[1].url, "https://worker.example/");
    EXPECT_EQ(c.flows[1].ca_file, ca_file);
    EXPECT_TRUE(c.flows[1].proxy);
    EXPECT_EQ(c.flows[2].exec, (std::vector<std::string>{"/bin/sh", "-c", "cat"}));
    EXPECT_EQ(c.flows[2].timeout, 1min);
    EXPECT_EQ(c.flows[2].concurrency, 8u);
}

void expect_default_routes(const config& c) {
    ASSERT_EQ(c.stores.size(), 1u);
    ASSERT_EQ(c.routes.size(), 2u);
    EXPECT_EQ(c.routes[0].prefixes, (std::vector<std::string>{""}));
    EXPECT_EQ(c.routes[0].store, c.stores[0].name);
    EXPECT_EQ(c.routes[1].prefixes, (std::vector<std::string>{"queue/"}));
    EXPECT_TRUE(c.routes[1].any_queue);
}

TEST(read, without_a_word_there_is_a_store_and_queues_by_name) {
    expect_default_routes(default_config());
    expect_default_routes(right(""));
    EXPECT_EQ(right("").stores[0].name, "main");
}

TEST(read, a_file_with_other_sections_keeps_the_default_routes) {
    expect_default_routes(right("[server]\nthreads = 2\n"));
    expect_default_routes(right("[store.cache]\nsize = \"10MiB\"\n"));
    expect_default_routes(right("[queue.thumbs]\nordered = true\n"));
}

TEST(read, keys_without_a_route_go_to_the_only_store_or_to_main) {
    EXPECT_EQ(right("[store.x]\n[[route]]\nprefix = 'a'\nstore = 'x'").routes.back().store, "x");
    EXPECT_EQ(right("[store.x]\n[store.main]\n[[route]]\nprefix = 'a'\nstore = 'x'").routes.back().store, "main");
    EXPECT_EQ(right("[store.x]\n[store.y]\n[[route]]\nprefix = 'a'\nstore = 'x'").routes.size(), 1u);
    EXPECT_EQ(right("[store.x]\n[[route]]\nprefix = ['a', '']\nstore = 'x'").routes.size(), 1u);
    expect_mistake(
        "[store.x]\n[store.y]\n",
        "1:8: there are several stores, none is named main, and there is no [[route]]: say which keys go where");
}

TEST(read, all_mistakes_are_told_in_the_order_of_the_file) {
    EXPECT_EQ(
        mistakes_of(R"([[flow]]
from = "thumb"
call = "ftp://example.org/"
concurency = 4
[server]
threads = 100
stop_timeout = 5
[queue.thumbs]
backoff = "5m..1s"
[[route]]
prefix = "a"
store = "man"
)"),
        (std::vector<std::string>{
            "2:8: there is no queue 'thumb', did you mean 'thumbs'?",
            "3:8: call: 'ftp://example.org/' cannot be called; write \"http://HOST[:PORT]/PATH\", \"https://...\", "
            "or { exec = [\"/PATH\", ...] } for a program",
            "4:1: unknown key 'concurency' in [[flow]], did you mean 'concurrency'?",
            "6:11: threads: 100 is not within 1 to 64",
            "7:16: stop_timeout: 5 has no unit; write \"5ms\", \"5s\", \"5m\", \"5h\" or \"5d\"",
            "9:11: backoff: the first time is longer than the second; write \"1s..5m\"",
            "12:9: there is no store 'man', did you mean 'main'?",
        }));
}

TEST(read, an_error_of_syntax_stands_alone) {
    const auto all = mistakes_of("[server]\nthreads = 100\nlisten = \n[sever]\n");
    ASSERT_EQ(all.size(), 1u);
    EXPECT_TRUE(all.front().starts_with("3:")) << all.front();
    EXPECT_EQ(mistakes_of("a = \"\xff\"").size(), 1u);
    EXPECT_EQ(mistakes_of("threads = 1\nthreads = 2").size(), 1u);
}

TEST(read, what_would_end_the_parser_is_refused) {
    std::string deep;
    for (int i = 0; i < 200'000; ++i) deep += "a.";
    expect_mistake("x = 1\n" + deep + "a = 1", "2:1: more than 1000 dots in one line");
    expect_mistake(std::string(3 << 20, '#'), "0:0: the file is larger than 1MiB");
    for (const auto* text : {"[&", "[[=", "[[[a]]]", "[[[]]", "[[", "[", "=", "a.=1", "[a", "x = {", "a = \u00e4",
                             "\u00e4 = 1", "a\u039e", "[\u0416]"})
        EXPECT_EQ(mistakes_of(text).size(), 1u) << text;
    EXPECT_EQ(mistakes_of(std::string(100'000, '[')).size(), 1u);
    EXPECT_EQ(mistakes_of("a = " + std::string(100'000, '[')).size(), 1u);
    std::string most;
    for (int i = 0; i < 999; ++i) most += "a.";
    EXPECT_EQ(mistakes_of(most + "a = 1").size(), 1u);
}

TEST(read, unknown_names_get_a_suggestion) {
    expect_mistake("[sever]\n", "1:2: unknown section 'sever', did you mean [server]?");
    expect_mistake("[servers.x]\n", "1:2: unknown section 'servers', did you mean [server]?");
    expect_mistake("threads = 2\n", "1:1: unknown key 'threads'; it belongs in [server]");
    expect_mistake("[xyz]\n",
                   "1:2: unknown section 'xyz'; there are [site], [server], [store.NAME], [queue.NAME], [[route]] and "
                   "[[flow]]");
    expect_mistake("[queue.a]\n[[flow]]\nfrom = 'a'\ncall = 'http://h/'\ntimeout = '1s'",
                   "5:1: unknown key 'timeout' in [[flow]]; it belongs in call = { ... }");
    expect_mistake("[server]\n\"a\\nb\" = 1",
                   "2:1: unknown key 'a\\nb' in [server]; there are listen, threads, allow_exec, item_size_max, "
                   "connections_max, memory_max, stop_timeout, queues_max, queue_idle");
}

TEST(read, sections_have_their_shape) {
    expect_mistake("server = 1", "1:1: server is no value; write [server]");
    expect_mistake("[[server]]\nthreads = 1", "1:3: server is no list; write [server]");
    expect_mistake("[store]\nurl = 'memory:'",
                   "2:1: url stands in no section with a name; write [store.NAME] above it");
    expect_mistake("[[queue]]\nurl = 'journal:'", "1:3: queue is no list; write [queue.NAME]");
    expect_mistake("[[queue.x]]\nurl = 'journal:'", "1:9: 'x' is a list, not a section [queue.NAME]");
    expect_mistake("[route]\nprefix = ''\nstore = 'main'",
                   "1:2: there can be several; write [[route]], with two brackets");
    expect_mistake("route = [1]", "1:10: this is a number, not a [[route]]");
    expect_mistake("[store.\"a b\"]", "1:8: 'a b' is no name of a store; names have 1 to 64 of A-Z a-z 0-9 _ . : -");
    expect_mistake(
        "[queue.\"*\"]\nurl = 'journal:/x'",
        "2:7: url: queues that are made by name are in the file of the state folder, \"journal:\"; leave this out");
}

TEST(read, values_have_their_kind_and_range) {
    expect_mistake("[server]\nthreads = \"2\"", "2:11: threads: this is text; right is: number, 1 to 64");
    expect_mistake("[server]\nthreads = -1", "2:11: threads: -1 is not within 1 to 64");
    expect_mistake("[server]\nallow_exec = 1", "2:14: allow_exec: this is a number; right is: true or false");
    expect_mistake("[server]\nlisten = []", "2:10: listen: the list is empty");
    expect_mistake("[server]\nlisten = [11311]", "2:11: listen: this is a number, not text");
    expect_mistake("[server]\nlisten = 1979-05-27",
                   "2:10: listen: this is a date or time; right is: address or a list of addresses");
    expect_mistake(
        "[server]\nstop_timeout = \"5 sec\"",
        "2:16: stop_timeout: '5 sec' is no time; write a whole number with ms, s, m, h or d, as in \"300ms\"");
    expect_mistake("[server]\nstop_timeout = \"2d\"", "2:16: stop_timeout: 2d is not within 0s to 1h");
    expect_mistake("[server]\nitem_size_max = \"1M\"",
                   "2:17: item_size_max: '1M' is no size; write a whole number with B, KB, KiB, MB, MiB, GB, GiB, TB "
                   "or TiB, as in \"64MiB\"");
    expect_mistake("[server]\nitem_size_max = 10", "2:17: item_size_max: 10B is not within 1KiB to 1GiB");
    expect_mistake("[store.a]\nsize = 1", "2:8: size: 1B is not 0 or within 1MiB to 64TiB");
    expect_mistake("[queue.a]\nbackoff = \"1s\"", "2:11: backoff: '1s' is not two times; write \"1s..5m\"");
    expect_mistake("[queue.a]\nbackoff = \"1s..x\"",
                   "2:11: backoff: 'x' is no time; write a whole number with ms, s, m, h or d, as in \"300ms\"");
    expect_mistake("[queue.a]\n[[route]]\nprefix='t'\nqueue='a'\nnoreply='ignore'",
                   "5:9: noreply: 'ignore' is neither \"close\" nor \"warn\"");
    expect_mistake("[queue.a]\n[[flow]]\nfrom='a'\ncall='http://h/'\ninto='main'\nttl='1500ms'",
                   "6:5: ttl: 1500ms is no whole number of seconds");
}

TEST(read, a_store_is_in_memory_or_a_pool_of_servers) {
    const auto made =
        read_config("[store.main]\nurl = ['memcached://10.0.0.1?weight=2', 'unix:/x']\nhash = 'modula'\n[store.b]\n");
    EXPECT_TRUE(made.mistakes.empty());
    EXPECT_FALSE(made.value.stores.at(0).in_memory());
    EXPECT_FALSE(made.value.stores.at(0).ketama);
    EXPECT_FALSE(made.value.stores.at(0).flush_all);
    EXPECT_TRUE(made.value.stores.at(1).in_memory());
    EXPECT_TRUE(made.value.stores.at(1).flush_all);
    expect_mistake("[store.a]\nurl = ['memory:', 'memcached://h']",
                   "2:7: url: a store is in memory, \"memory:\" alone, or a list of servers");
    expect_mistake("[store.a]\nurl = ['memcached://h', 'memcached://h:11211']", "2:7: url: h:11211 stands here twice");
    expect_mistake("[store.a]\nhash = 'ketama'", "2:8: hash: is about memcached servers, and this store is in memory");
    expect_mistake("[store.a]\nurl = 'memcached://h'\nsize = '1GiB'",
                   "3:8: size: is about a store in memory; the servers' own -m says how much they keep");
}

TEST(read, what_comes_later_is_refused_with_a_sentence) {
    expect_mistake("[server]\nadmin = '127.0.0.1:1'",
                   "2:1: admin: is not in this version; memcached's stats command tells the figures");
    for (const auto* key : {"hash", "hash_tag", "exclusive", "servers"})
        EXPECT_EQ(mistakes_of(fmt::format("[store.a]\n{} = 1", key)).size(), 1u);
    for (const auto* key : {"fill", "spare", "replicas"})
        EXPECT_EQ(mistakes_of(fmt::format("[[route]]\nprefix=''\nstore='main'\n{} = 1", key)).size(), 1u);
}

constexpr std::string_view site = "[site]\nname = 'fra'\nnode = 1\n";
constexpr std::string_view applied = "[[flow]]\nfrom = 'q'\napply = 'main'\n";

TEST(read, copies_are_other_queues_of_a_journal) {
    EXPECT_EQ(right("[queue.a]\ncopies = ['b', 'c']\n[queue.b]\n[queue.c]").queues.at(0).copies,
              (std::vector<std::string>{"b", "c"}));
    EXPECT_EQ(right("[queue.a]\ncopies = 'b'\n[queue.b]").queues.at(0).copies, std::vector<std::string>{"b"});
    expect_mistake("[queue.a]\ncopies = []", "2:10: copies: the list is empty");
    expect_mistake("[queue.a]\ncopies = ['audit']",
                   "2:10: copies: there is no queue 'audit'; write a section [queue.audit], it may be empty");
    expect_mistake("[queue.a]\ncopies = 'a'",
                   "2:10: copies: 'a' is this queue itself, which has every message anyway; leave it out");
    expect_mistake("[queue.a]\ncopies = ['b', 'b']\n[queue.b]", "2:10: copies: 'b' stands here twice");
    expect_mistake("[queue.a]\ncopies = 'b'\n[queue.b]\nurl = 'kafka://h'",
                   "2:10: copies: 'b' is on a broker, and a transaction is in one file; name queues of the same "
                   "journal");
    expect_mistake(
        "[queue.a]\nurl = 'kafka://h'\ncopies = 'b'\n[queue.b]",
        "3:10: copies: is an option of a journal: RabbitMQ has exchanges for it, and Kafka groups; the queue "
        "'a' is on Kafka");
    expect_mistake("[queue.a]\ncopies = 'b'\n[queue.b]\ncopies = 'c'\n[queue.c]",
                   "2:10: copies: 'b' has copies itself, and what is a copy is not copied again; name all queues here, "
                   "and none there");
    expect_mistake("[queue.'*']\ncopies = 'b'\n[queue.b]",
                   "2:10: copies: is for a queue that has a section of its own; leave this out");
}

TEST(read, copies_of_changes_are_applied_to_another_store) {
    const std::string queues = fmt::format("{}[store.main]\n[store.other]\n[queue.q]\ncopies = 'b'\n[queue.b]\n", site);
    const std::string both = queues + "[[route]]\nprefix = ''\nstore = 'main'\npublish = 'q'\n";
    const std::string of_b = "[[flow]]\nfrom = 'b'\napply = ";
    EXPECT_TRUE(mistakes_of(both + std::string(applied) + of_b + "'other'").empty());
    expect_mistake(both + std::string(applied) + of_b + "'main'",
                   "7:10: copies: each change of 'q' would be applied to the store 'main' twice, by the flows in lines "
                   "13 and 16; leave 'b' out, or the second flow");
    expect_mistake(queues + of_b + "'other'",
                   "7:10: copies: the flow in line 9 applies what comes to 'b', and no flow applies what 'q' has: "
                   "these may be no changes; leave 'b' out");
}

TEST(read, a_store_that_changes_are_applied_to_is_read_on_a_route_that_publishes) {
    const std::string read =
        fmt::format("{}[store.main]\n[store.other]\n[queue.q]\n[[route]]\nprefix = ''\nstore = ", site);
    EXPECT_TRUE(mistakes_of(read + "'other'\n" + std::string(applied)).empty());
    expect_mistake(
        read + "'main'\n" + std::string(applied),
        "9:9: store: changes are applied to 'main' (line 10), where a deleted key is an item that only a route "
        "with publish knows for what it is; write publish = 'q' here, or take another store");
}

TEST(read, a_broker_s_queue_of_changes_has_no_limit) {
    const std::string told = fmt::format(
        "{}[[route]]\nprefix = ''\nstore = 'main'\npublish = 'q'\n{}[queue.q]\nurl = 'amqp://h'\nexchange = 'e'\n"
        "declare = 'create'\nlength_max = 10\n",
        site, applied);
    EXPECT_TRUE(mistakes_of(told + "outbox = 'journal:'\n").empty());
    expect_mistake(
        told,
        "15:14: length_max: the broker would refuse a change here that other sites have taken; write outbox = "
        "\"journal:\", whose limit it is then");
}

TEST(read, a_route_tells_changes_that_a_flow_applies) {
    const std::string told = fmt::format("{}[queue.q]\n[[route]]\nprefix = ''\nstore = 'main'\npublish = 'q'\n", site);
    EXPECT_TRUE(mistakes_of(told + std::string(applied)).empty());
    expect_mistake(told,
                   "8:11: publish: no flow applies what is told in 'q' to this store, which crashes and other "
                   "sites need; write [[flow]] from = 'q' apply = 'main'");
    expect_mistake(told + std::string(applied) + "concurrency = 2",
                   "12:15: concurrency: is about a call, and this flow applies changes");
    expect_mistake(
        told + std::string(applied) + "[[flow]]\nfrom = 'q'\ncall = 'http://h/'",
        "10:8: from: another flow takes messages of 'q', too, and each change goes to one of them only; write "
        "copies = [\"NAME\"] in [queue.q], a queue of its own for the other");
    expect_mistake(fmt::format("{}[queue.q]\n[store.main]\nurl = 'memcached://h'\n{}", site, applied),
                   "9:9: apply: leaves marks of deleted keys in the servers of 'main', which clients that talk to "
                   "these directly would read as values; if there are none, write exclusive = true in [store.main]");
    EXPECT_TRUE(mistakes_of(fmt::format("{}[queue.q]\n[store.main]\nurl = 'memcached://h'\nexclusive = true\n{}", site,
                                        applied))
                    .empty());
    expect_mistake(fmt::format("[queue.q]\n{}", applied),
                   "4:9: apply: changes say who has made them; write a section [site] with name and node");
    expect_mistake(fmt::format("{}[queue.q]\n[[route]]\nprefix = 'a'\nqueue = 'q'\npublish = 'q'", site),
                   "8:11: publish: is about a store; a route to a queue publishes by itself");
}

TEST(read, changes_reach_every_site) {
    const auto of = [](std::string_view queue, std::string_view more = {}) {
        return fmt::format("{}[queue.q]\n{}\n{}{}", site, queue, applied, more);
    };
    EXPECT_TRUE(mistakes_of(of("url = 'kafka://h'")).empty());
    EXPECT_TRUE(mistakes_of(of("url = 'amqp://h'\nexchange = 'changes'")).empty());
    expect_mistake(of("url = 'amqp://h'"),
                   "7:8: from: each site reads every change from a queue of its own; write exchange = "
                   "\"NAME\" in [queue.q], to which all sites publish");
    expect_mistake(of("url = 'kafka://h'\npublish_timeout = '10m'"),
                   "6:19: publish_timeout: 10m is not less than the tombstone of 10m in [site], after which a change "
                   "stores nothing");
    expect_mistake(of("", "[[route]]\nprefix = 'a'\nqueue = 'q'"),
                   "11:9: queue: a get would take changes away from the flow that applies them, in line 6");
}

TEST(read, a_site_has_a_name_and_a_node) {
    expect_mistake("[site]\nname = 'fra'", "1:1: this [site] has no node");
    expect_mistake("[site]\nname = 'fra'\nnode = 1024", "3:8: node: 1024 is not within 0 to 1023");
    expect_mistake("[site]\nname = 'f r a'\nnode = 1", "2:8: name: names have 1 to 64 of A-Z a-z 0-9 _ . : -");
    ::setenv("FRESHET_TEST_NODE", "17", 1);
    EXPECT_EQ(read_config("[site]\nname = 'fra'\nnode = '${FRESHET_TEST_NODE}'").value.site.node, 17U);
    ::setenv("FRESHET_TEST_NODE", "many", 1);
    expect_mistake("[site]\nname = 'fra'\nnode = '${FRESHET_TEST_NODE}'",
                   "3:8: node: '${FRESHET_TEST_NODE}' is no whole number");
    ::unsetenv("FRESHET_TEST_NODE");
}

TEST(read, a_route_leads_to_one_store_or_one_queue) {
    expect_mistake("[[route]]\nprefix = 'a'", "1:1: this [[route]] leads nowhere; it needs a store or a queue");
    expect_mistake("[[route]]\nstore = 'main'", "1:1: this [[route]] has no prefix");
    expect_mistake("[queue.a]\n[[route]]\nprefix='a'\nstore='main'\nqueue='a'",
                   "5:7: a route leads to a store or to a queue, not to both; write two routes with two prefixes");
    expect_mistake("[[route]]\nprefix='a'\nqueue='b'",
                   "3:7: there is no queue 'b'; write a section [queue.b], it may be empty");
    expect_mistake("[[route]]\nprefix='a'\nstore='main'\n[[route]]\nprefix=['b','a']\nstore='main'",
                   "5:8: prefix: 'a' has a route already, in line 2");
    expect_mistake("[[route]]\nprefix=''\nqueue='*'", "2:8: prefix: a route to a queue needs one that is not empty");
    expect_mistake("[[route]]\nprefix='a b'\nstore='main'",
                   "2:8: prefix: a prefix has no spaces or control characters, as keys have none");
    expect_mistake("[[route]]\nprefix='a'\nqueue='*'\nwait='1s'",
                   "4:6: wait: a get on a queue receives at once, or waits as long as it says with /t=MILLISECONDS; "
                   "wait is for stores");
    expect_mistake("[[route]]\nprefix='a'\nstore='main'\nnoreply='warn'",
                   "4:9: noreply: is about publishing; a route to a store has none");
}

std::string flow(std::string_view rest, std::string_view call = "'http://h/'") {
    return fmt::format("[queue.a]\n[[flow]]\nfrom='a'\ncall={}\n{}", call, rest);
}

TEST(read, a_flow_names_what_exists) {
    expect_mistake("[[flow]]\nfrom='b'\ncall='http://h/'",
                   "2:6: there is no queue 'b'; write a section [queue.b], it may be empty");
    expect_mistake(flow("into='x'"), "5:6: there is no store 'x'; there is main");
    expect_mistake(flow("key='r:{id}'"),
                   "5:5: key: is about a result, and this flow puts its results nowhere; into = \"STORE\" says where");
    expect_mistake(flow("into='main'\nkey='r'"),
                   "6:5: key: has neither {id} nor {key}, so each result would replace the one before");
    expect_mistake(flow("into='main'\nkey='r{ID}'"),
                   "6:5: key: there is no {ID}; {id}, {key} and {queue} are filled in");
    expect_mistake(flow("into='main'\nkey='r{id'"), "6:5: key: '{' without '}'; {id}, {key} and {queue} are filled in");
    expect_mistake(flow("into='main'\nkey='r {id}'"), "6:5: key: a key has no spaces or control characters");
    expect_mistake("[queue.a]\nordered=true\n[[flow]]\nfrom='a'\ncall='http://h/'\nconcurrency=2",
                   "6:13: concurrency: the queue 'a' is ordered, so there is one call at a time");
    expect_mistake("[queue.a]\n[[flow]]\nfrom='a'", "2:1: this [[flow]] does nothing; it needs a call or an apply");
}

TEST(read, a_call_is_a_url_or_a_program) {
    const std::string exec = "[server]\nallow_exec=true\n";
    expect_mistake(
        flow("", "{ timeout='1s' }"),
        "4:6: call: has neither exec nor http; write { exec = [\"/PATH\", ...] } or { http = \"http://HOST/PATH\" }");
    expect_mistake(
        exec + flow("", "{ http='http://h/', exec=['/bin/true'] }"),
        "6:6: call: has both exec and http; write { exec = [\"/PATH\", ...] } or { http = \"http://HOST/PATH\" }");
    expect_mistake(flow("", "{ exec=['/bin/true'] }"),
                   "4:13: exec: runs a program, which [server] must allow: allow_exec = true");
    expect_mistake(exec + flow("", "{ exec=['/bin/true'], proxy=true }"),
                   "6:34: proxy: is about a URL, and this flow calls a program");
    expect_mistake(flow("", "{ http='https://h/', ca_file='/no/such' }"),
                   "4:35: ca_file: '/no/such' cannot be read: No such file or directory");
    expect_mistake(exec + flow("", "{ exec=['true'] }"),
                   "6:13: exec: 'true' is not a whole path; no PATH is searched, write \"/usr/bin/...\"");
    expect_mistake(exec + flow("", "{ exec=['/no/such'] }"),
                   "6:13: exec: '/no/such' cannot be run: No such file or directory");
    expect_mistake(exec + flow("", "{ exec=['/tmp'] }"), "6:13: exec: '/tmp' cannot be run: it is no file");
    expect_mistake(exec + flow("", "{ exec=['/etc/passwd'] }"),
                   "6:13: exec: '/etc/passwd' cannot be run: Permission denied");
    expect_mistake(exec + flow("", "{ exec='/bin/true' }"),
                   "6:13: exec: a program and its arguments are a list, as in [\"/usr/bin/sort\", \"-u\"]; no shell "
                   "splits a text");
    expect_mistake(exec + flow("", "{ exec=[] }"), "6:13: exec: the list is empty; it begins with the program");
    expect_mistake(exec + flow("", "{ exec=['/bin/true'], env=['A B'] }"),
                   "6:33: env: 'A B' is no name of an environment variable");
    expect_mistake(exec + flow("", "{ exec=['/bin/true'], env=['FRESHET_ID'] }"),
                   "6:33: env: 'FRESHET_ID' is not for you to name: those that begin so tell the program of its "
                   "task");
    expect_mistake(exec + flow("", "{ http='http://h', env=['A'] }"),
                   "6:29: env: is about a program, and this flow calls a URL");
    expect_mistake(exec + flow("", "{ exec=['/bin/true', \"a\\u0000\"] }"),
                   "6:27: exec: a text cannot hold a zero byte");
    expect_mistake(exec + flow("", "{ exec=['/bin/true'], timeout=30 }"),
                   "6:36: timeout: 30 has no unit; write \"30ms\", \"30s\", \"30m\", \"30h\" or \"30d\"");
}

TEST(read, an_item_takes_half_of_a_store_at_most) {
    expect_mistake("[store.main]\nsize='1MiB'",
                   "2:6: size: 1MiB is less than twice the item_size_max of 1MiB in [server]");
    expect_mistake("[server]\nmemory_max = \"16MiB\"\nthreads = 4\nitem_size_max = \"4MiB\"",
                   "2:14: memory_max: 4MiB of it for each of the threads is less than twice the item_size_max of 4MiB");
    right("[server]\nitem_size_max='512KiB'\n[store.main]\nsize='1MiB'");
}

TEST(read, a_value_on_its_way_has_as_long_as_any_call) {
    const std::string store = "[store.main]\nurl='memcached://127.0.0.1'\n";
    expect_mistake(store + "transfer_max='100ms'",
                   "3:14: transfer_max: 100ms is less than the timeout of 250ms, which any call has");
    EXPECT_EQ(right(store + "timeout='20s'").stores[0].pool.timeout, 20s);  // the default is no mistake
    EXPECT_EQ(right(store + "transfer_max='1m'").stores[0].pool.transfer_max, 1min);
    expect_mistake("[store.main]\ntransfer_max='1m'",
                   "2:14: transfer_max: is about memcached servers, and this store is in memory");
}

TEST(read, variables_are_filled_in_and_never_shown) {
    ::setenv("FRESHET_TEST_WORD", "p@ss/w", 1);
    ::unsetenv("FRESHET_TEST_NONE");
    EXPECT_EQ(right(flow("", "'http://h/?t=${FRESHET_TEST_WORD}'")).flows[0].url, "http://h/?t=p%40ss%2Fw");
    EXPECT_EQ(
        right("[server]\nallow_exec=true\n" + flow("", "{ exec=['/bin/echo', '${FRESHET_TEST_WORD}', '$${A}', '$A'] }"))
            .flows[0]
            .exec,
        (std::vector<std::string>{"/bin/echo", "p@ss/w", "${A}", "$A"}));
    expect_mistake(flow("", "'http://h/${FRESHET_TEST_NONE}'"),
                   "4:6: call: the environment variable FRESHET_TEST_NONE is not set; $${ stands for ${ itself");
    expect_mistake(flow("", "'http://h/${FRESHET_TEST_WORD'"), "4:6: call: '${' without '}'; $${ stands for ${ itself");
    expect_mistake("[queue.a]\nurl = 'foo:${FRESHET_TEST_WORD}'",
                   "2:7: url: 'foo:${FRESHET_TEST_WORD}' cannot be used, once its variables are filled in");
}

/// Every sentence of a file in which the environment has filled in `hidden`.
void expect_hidden(const std::string& text, std::string_view hidden) {
    const file_reading r = read_file_text(text);
    EXPECT_FALSE(r.mistakes.empty() && r.warnings.empty()) << text;
    for (const auto* const all : {&r.mistakes, &r.warnings}) {
        for (const mistake& m : *all) EXPECT_EQ(m.text.find(hidden), std::string::npos) << text << "\n" << m.text;
    }
}

TEST(read, no_sentence_shows_what_was_filled_in) {
    const std::string queue = "[queue.a]\n", program = "[server]\nallow_exec=true\n";
    ::setenv("S", "hush", 1);
    for (const char* text : {"[server]\nstop_timeout='${S}'",
                             "[server]\nitem_size_max='${S}'",
                             "[server]\nlisten='${S}'",
                             "[server]\nlisten=['${S}:1','${S}:1']",
                             "[server]\nlisten='unix:/x?group=a&mode=${S}'",
                             "[store.a]\nsize='1${S}'",
                             "[store.a]\nurl='${S}'",
                             "[store.a]\nurl='memcached://${S}:x'",
                             "[store.a]\nurl=['memcached://${S}','memcached://${S}']",
                             "[store.a]\nurl='memcached://h'\nhash_tag='${S}'",
                             "[queue.a]\nurl='${S}'",
                             "[queue.a]\nurl='amqp://h:${S}'",
                             "[queue.a]\nurl='amqp://u:p@h?declare=${S}'",
                             "[queue.a]\nbackoff='${S}'",
                             "[queue.a]\nbackoff='1s..${S}'",
                             "[queue.a]\nack_timeout='${S}'",
                             "[queue.a]\nurl='amqp://h'\nlater='${S}'",
                             "[queue.a]\nurl='amqps://h'\nca_file='/no/${S}'",
                             "[queue.a]\nurl='amqps://h'\ncertificate_file='/no/${S}'",
                             "[[route]]\nprefix='a'\nstore='${S}'",
                             "[[route]]\nprefix='a'\nqueue='${S}'",
                             "[[route]]\nprefix='${S}'\nstore='main'\n[[route]]\nprefix='${S}'\nstore='main'"})
        expect_hidden(text, "hush");
    for (const char* of_flow :
         {"from='${S}'\ncall='http://h/'", "from='a'\ncall='${S}'", "from='a'\ncall='http://${S}:x/'",
          "from='a'\ncall='http://h/'\ninto='${S}'", "from='a'\ncall='http://h/'\ninto='main'\nttl='${S}'",
          "from='a'\ncall='http://h/'\ninto='main'\nkey='{${S}}'", "from='a'\ncall={exec=['${S}']}",
          "from='a'\ncall={exec=['/no/${S}']}", "from='a'\ncall={exec=['/bin/true'],env='${S}'}",
          "from='a'\ncall={exec=['/bin/true'],env='${S} '}", "from='a'\ncall={exec=['/bin/true'],timeout='${S}'}",
          "from='a'\ncall={http='https://h',ca_file='/no/${S}'}"})
        expect_hidden(program + queue + "[[flow]]\n" + of_flow, "hush");
    for (const char* value : {"2d", "1ms"}) {
        ::setenv("S", value, 1);
        expect_hidden(
            "[queue.a]\nack_timeout='${S}'\nbackoff='5m..${S}'\n[[flow]]\nfrom='a'\ncall={http='http://h',"
            "timeout='100${S}'}\n[server]\nstop_timeout='${S}${S}'",
            value);
    }
    ::setenv("S", "1KB", 1);
    expect_hidden("[store.a]\nsize='${S}'", "1KB");
    ::setenv("S", "1025KiB", 1);
    expect_hidden("[store.a]\nsize='${S}'", "1025KiB");
    expect_mistake(
        "[server]\nstop_timeout = '${S}'",
        "2:16: stop_timeout: '${S}' is no time; write a whole number with ms, s, m, h or d, as in \"300ms\"");
}

TEST(read, what_was_filled_in_is_known_in_each_of_its_forms) {
    ::setenv("S", "p@ss\\", 1);
    const auto secrets = read_file_text("[queue.a]\nurl='amqp://u:${S}@h'").secrets;
    std::vector<std::string> texts;
    for (const secret& s : secrets) {
        texts.push_back(s.text);
        EXPECT_EQ(s.shown, "${S}");
    }
    for (const char* form : {"p@ss\\", "p%40ss%5C", "p@ss\\\\"})
        EXPECT_NE(std::find(texts.begin(), texts.end(), form), texts.end()) << form;
}

TEST(read, no_sentence_shows_the_password_of_a_url) {
    for (const char* url :
         {"memcached://me:hush@h", "memcached:me:hush@h", "amqp://me:hush@h:x", "amqp:me:hush@h", "amqp//me:hush@h",
          "amqps://me:hush", "kafka://me:hush@h", "nats://me:hush@h", "hush@h", "http://me:hush@h/", "ftp://me:hush@h/",
          "redis:hush@h", "journal:me:hush@h/", "unix:hush@h", "amqp://me:hush@h?declare=x", "amqp://me:hush@h/%2",
          "amqp://me:hush@h,me:hush@i"})
        for (const char* text : {"[store.a]\nurl='{}'", "[queue.a]\nurl='{}'", "[queue.a]\nurl='amqp://h'\nlater='{}'",
                                 "[server]\nlisten='{}'", "[queue.a]\n[[flow]]\nfrom='a'\ncall='{}'"}) {
            for (const std::string& said : mistakes_of(fmt::format(fmt::runtime(text), url)))
                EXPECT_EQ(said.find("hush"), std::string::npos) << said;
        }
}

TEST(read, urls_that_are_wrong_in_another_way_have_another_sentence) {
    const auto store = [](std::string_view url) { return fmt::format("[store.a]\nurl = '{}'", url); };
    const std::string form = "; write \"memcached://HOST[:PORT]\" or \"unix:/PATH\"";
    expect_mistake(store("memcached://h:70000"), "2:7: url: '70000' is no port; ports are 1 to 65535" + form);
    expect_mistake(store("memcached://me:x@h"),
                   "2:7: url: memcached servers with SASL cannot be used: a URL has no user and no password");
    expect_mistake(store("memcached://h,i:1"),
                   "2:7: url: one URL names one server; write a list of URLs, each with its scheme" + form);
    expect_mistake(store("memcached://"), "2:7: url: there is no host in it" + form);
    expect_mistake(store("memcached://a_b"), "2:7: url: 'a_b' is no host" + form);
    expect_mistake(store("memcached://::1"), "2:7: url: an IPv6 address stands in brackets, as in [::1]" + form);
    expect_mistake(store("memcached://h/0"), "2:7: url: behind the server stands nothing but ?weight=N" + form);
    expect_mistake("[queue.a]\nurl = 'kafka://h,i'",
                   "2:7: url: one URL names one server; write a list of URLs, each with its scheme; write "
                   "\"kafka://HOST:9092?topic=NAME\"");
    expect_mistake(flow("", "'http://h:70000/'"),
                   "4:6: call: '70000' is no port; ports are 1 to 65535; write \"http://HOST[:PORT]/PATH\"");
    expect_mistake(flow("", "'http://h/\u00fc'"),
                   "4:6: call: a URL has ASCII's characters alone, and no blanks; write others as %20 and so on, and a "
                   "host's as its \"xn--\" name");
}

TEST(read, a_text_without_its_quotes_is_told_of_them) {
    for (const auto& [text, hint] : std::vector<std::pair<std::string, std::string>>{
             {"listen = 127.0.0.1:11211", "a text stands in quotes, as in listen = \"...\""},
             {"[server]\nlisten = [\"[::1]:1\", localhost:1]", "a text stands in quotes, as in listen = \"...\""},
             {"size = 1GiB", "a text stands in quotes, as in size = \"...\""},
             {"call = { timeout = 10s, exec = [] }", "a text stands in quotes, as in timeout = \"...\""},
             {"url = amqp://me:hush@h", "a text stands in quotes, as in url = \"...\""},
             {"listen = \u201c127.0.0.1:1\u201d",
              "a text stands between straight quotes, \" or ', not between curly ones"},
             {"a = \"x\nb = 1", "a text ends with the quote that it begins with, in its line"},
             {"a = \"C:\\path\"", "a text with backslashes stands between single quotes, '"},
             {"allow_exec = yes", "write true or false"},
             {"[queue.*]",
              "a name with other characters than A-Z a-z 0-9 _ and - stands in quotes, as in [queue.\"*\"]"},
         }) {
        const auto all = mistakes_of(text);
        ASSERT_EQ(all.size(), 1u) << text;
        EXPECT_TRUE(all.front().ends_with("; " + hint)) << all.front();
        EXPECT_EQ(all.front().find("hush"), std::string::npos);
    }
    for (const char* text : {"a = ", "a", "= 1", "a = 0660", "a = 1 2", "a = \"b\" c"})
        EXPECT_EQ(mistakes_of(text).front().find("quote"), std::string::npos) << text;
}

TEST(read, a_file_that_cannot_be_read_is_one_mistake) {
    const auto r = read_config_file("/no/such/file");
    ASSERT_EQ(r.mistakes.size(), 1u);
    EXPECT_EQ(r.mistakes[0].text, "cannot be read: No such file or directory");
    EXPECT_EQ(r.mistakes[0].line, 0u);
    EXPECT_EQ(read_config_file("/tmp").mistakes.at(0).text, "cannot be read: Is a directory");
    EXPECT_EQ(read_config_file("/dev/zero").mistakes.size(), 1u);
}

TEST(read, the_state_folder_comes_from_the_environment) {
    ::setenv("STATE_DIRECTORY", "/var/lib/freshet:/var/lib/other", 1);
    EXPECT_EQ(default_state_folder(), "/var/lib/freshet");
    ::unsetenv("STATE_DIRECTORY");
    ::setenv("XDG_STATE_HOME", "/tmp/state", 1);
    EXPECT_EQ(default_state_folder(), "/tmp/state/freshet");
    ::setenv("XDG_STATE_HOME", "relative", 1);
    ::setenv("HOME", "/home/x", 1);
    EXPECT_EQ(default_state_folder(), "/home/x/.local/state/freshet");
    ::unsetenv("XDG_STATE_HOME");
    EXPECT_EQ(default_state_folder(), "/home/x/.local/state/freshet");
}

}  // namespace
}  // namespace freshet
