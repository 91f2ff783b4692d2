#include "config/options.hpp"

#include "base/escape.hpp"
#include "base/name.hpp"
#include "config/environment.hpp"
#include "config/url/address.hpp"

#include <algorithm>
#include <array>

namespace freshet::reading {

namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t KiB = std::uint64_t{1} << 10, MiB = KiB << 10, GiB = MiB << 10, TiB = GiB << 10;
constexpr milliseconds day = 24h;

std::string wrong_prefix(std::string_view prefix) {
    constexpr std::size_t prefix_max = 200;
    if (prefix.size() > prefix_max) return "a prefix has at most 200 bytes; a whole key has 250";
    if (has_blank_or_control(prefix)) return "a prefix has no spaces or control characters, as keys have none";
    return {};
}

std::string wrong_hash_tag(std::string_view tag) {
    const bool blank = tag.find_first_of(" \t\r\n") != tag.npos;
    return tag.empty() || (tag.size() == 2 && !blank) ? "" : "two characters, the first and the last, as in \"{}\"";
}

/// A member of a member of `sections`.
template <auto... Path>
auto& at(sections& s) {
    return (s.*....*Path);
}
constexpr auto site = &sections::site;
constexpr auto server = &sections::server;
constexpr auto store = &sections::store;
constexpr auto pool = &store_config::pool;
constexpr auto queue = &sections::queue;
constexpr auto queue_opts = &queue_config::options;
constexpr auto route = &sections::route;
constexpr auto flow = &sections::flow;

std::string wrong_site_name(std::string_view name) { return is_name(name) ? "" : std::string(name_rule); }

constexpr std::array all_options{
    option{
        "site", "name", text{at<site, &site_config::name>, wrong_site_name, "name"},
        "Changes carry it: who has written what. Names of a site's queues on RabbitMQ and groups on Kafka begin with "
        "it: `SITE.NAME`, or `SITE.NAME.NODE` of a store in memory.",
        "", true},
    option{
        "site", "node", number<unsigned>{at<site, &site_config::node>, 0, 1'023},
        "Another one for each process of every site that shares a queue of changes: of two that had the same, writes "
        "of one millisecond would be lost, and the log says so. `\"${NODE}\"` where processes share a file.",
        "", true},
    option{"site", "tombstone", time<seconds>{at<site, &site_config::tombstone>, 60s, 30 * day},
           "How long a deleted key is remembered, so that an older value does not come back. The same at every site. A "
           "change that arrives later than this deletes, and is never a value."},

    option{
        "server", "listen",
        texts{at<server, &server_config::listen>, wrong_listen_address, "address or a list of addresses"},
        R"(Where clients reach it: `"HOST:PORT"`, `"[IPV6]:PORT"`, `"*:PORT"` (every address) or `"unix:/PATH"`. )"
        "Port 0 is any free one; it is printed. `--listen` takes the place of this list. Who may connect to a socket "
        R"(file is said behind it, as in `"unix:/run/freshet/freshet.sock?mode=0660&group=www-data"`: its rights in )"
        "octal (as the umask says; 0660 where there is a group), and the name or number of a group that this process "
        "is in. Its folder is made, with 0755, if only that is not there. There is no password and "
        "no TLS: stay on loopback, a socket file, or a network you trust."},
    option{"server", "threads", number<unsigned>{at<server, &server_config::threads>, 1, 64},
           "Shards that serve clients. More than there are spare cores costs more than it gives."},
    option{"server", "allow_exec", flag{at<server, &server_config::allow_exec>}, "Flows may run programs."},
    option{"server", "item_size_max", size<std::uint64_t>{at<server, &server_config::item_size_max_bytes>, KiB, GiB},
           "The largest item: key, value and header together, as memcached's `-I`. A message with its key counts as "
           "one, too."},
    option{"server", "connections_max",
           number<std::uint64_t>{at<server, &server_config::connections_max>, 1, 1'000'000},
           "Clients at a time. The process raises its limit of open files to match."},
    option{
        "server", "memory_max",
        size<std::uint64_t>{at<server, &server_config::memory_max_bytes>, 16 * MiB, 64 * TiB, true},
        "Held in memory for clients, beside the stores: what they have sent and is not understood, answers that they "
        "have not read, messages on their way to a queue. At three quarters of it who has unread answers is read no "
        "more, and values over 64KiB and messages are refused (`busy`); over it the connections that hold most are "
        "closed. Each of `threads` has its share. 0: a quarter of the memory this process may use."},
    option{"server", "stop_timeout", time<milliseconds>{at<server, &server_config::stop_timeout>, 0ms, 1h},
           "How long a stop waits for what clients have asked and for calls that run. 0s: it does not wait."},
    option{
        "server", "queues_max", number<std::uint64_t>{at<server, &server_config::queues_max>, 0, 500'000},
        R"(How many queues routes with `queue = "*"` make; those that have gone do not count. 0: none, only those of the file are used.)"},
    option{
        "server", "queue_idle", time<milliseconds>{at<server, &server_config::queue_idle>, 0ms, 30 * day},
        "A queue that such a route has made goes, and its name is free, when for so long nobody has published to it, "
        "received from it or waited for it, and nothing waits there, is leased, dead, or remembered by `add`. Its "
        "next set makes it again, and its message numbers go on. 0s: it stays until `freshet queue drop`."},

    option{
        "store", "url", texts{at<store, &store_config::urls>, wrong_store_url, "URL or a list of URLs"},
        R"(`"memory:"` keeps the values in this process. Or the servers of a pool, each `"memcached://HOST[:PORT]"` )"
        R"((port 11211) or `"unix:/PATH"`, with `?weight=N` behind it where it takes a larger share of the keys.)"},
    option{"store", "size", size<std::uint64_t>{at<store, &store_config::size_bytes>, MiB, 64 * TiB, true},
           "Of a store in memory: all it uses, values, keys, index. A full store evicts, it never refuses. 0: 1GiB or "
           "a quarter of the memory this process may use, whichever is smaller."},
    option{
        "store", "exclusive", flag{at<store, &store_config::exclusive>},
        "memcached: every client of these servers goes through Freshet. A route with `publish` needs it: deleted keys "
        "leave marks there, which others would read as values."},
    option{"store", "flush_all", flag{at<store, &store_config::flush_all>},
           "The command flush_all empties this store, all servers of a pool. Without it the command leaves the store "
           "alone, and is refused where no store takes it.",
           "`true` in memory, `false` for servers"},
    option{"store", "hash", choice{at<store, &store_config::ketama>, "ketama", "modula"},
           "Of a pool: which server a key belongs to, as libmemcached says: its weighted ketama, or its own default, "
           "modula, which knows no weights. What a client did that spoke to the servers by itself: docs/adopt.md."},
    option{
        "store", "hash_tag", text{at<store, pool, &memcached_options::hash_tag>, wrong_hash_tag, "two characters"},
        R"(Of a pool: with `"{}"` only what stands between the two decides where a key is, so that keys that belong )"
        "together are on one server. Empty: the whole key.",
        R"(`""`)"},
    option{
        "store", "timeout", time<milliseconds>{at<store, pool, &memcached_options::timeout>, 10ms, 1min},
        "Of a pool: a call that is not answered in this time has failed. A server that answers no call in time for so "
        "long has failed, too, and its connection is cut."},
    option{
        "store", "transfer_max", time<milliseconds>{at<store, pool, &memcached_options::transfer_max>, 10ms, 1h},
        "Of a pool: how long a large value may be on its way, to a server or from it, while bytes of it go on coming. "
        "Calls behind it still have `timeout`, and so it is at least as long; what comes for them later is thrown "
        "away."},
    option{"store", "failures_max", number<unsigned>{at<store, pool, &memcached_options::failures_max>, 1, 1'000'000},
           "Of a pool: after so many failures in a row a server is down: its calls are answered at once, gets as "
           "`on_get_error` says, writes with SERVER_ERROR, until it answers again."},
    option{"store", "backoff",
           time_span{at<store, pool, &memcached_options::backoff_min>, at<store, pool, &memcached_options::backoff_max>,
                     10ms, 1h},
           "Of a pool: the pause before a server that is down is asked whether it answers again, doubled with each "
           "further one, and the longest pause."},
    option{"store", "on_get_error", choice{at<store, pool, &memcached_options::miss_on_error>, "miss", "error"},
           "Of a pool: what a get is told whose server failed. `error` ends a get of several keys with SERVER_ERROR in "
           "the place of END; some clients then give up all servers they know."},
    option{"store", "resolve_every", time<milliseconds>{at<store, pool, &memcached_options::resolve_every>, 1s, day},
           "Of a pool: how often names of servers are looked up again. A changed answer moves the connection."},
    option{"store", "waiting_max",
           number<std::uint64_t>{at<store, pool, &memcached_options::waiting_max>, 1, 100'000'000},
           "Of a pool: calls under way to one server from one thread. More are answered busy, not_done."},
    option{"store", "waiting_max_bytes",
           size<std::uint64_t>{at<store, pool, &memcached_options::waiting_max_bytes>, 64 * KiB, 64 * GiB},
           "Of a pool: the same of commands and values that the server has not taken yet."},

    option{"queue", "url", texts{at<queue, &queue_config::urls>, wrong_queue_url, "URL or a list of URLs"},
           R"(`"journal:"` is the file journal.db in the state folder; `"journal:PATH"` another one, in the state )"
           "folder too if PATH is relative. Any number of queues share a file. "
           R"(`"amqp://USER:PASSWORD@HOST:PORT/VHOST"` (amqps: with TLS) is RabbitMQ, `"kafka://HOST:PORT"` Kafka; a )"
           "list names several servers of one broker. Behind a broker's URL may stand `?queue=NAME` or `?topic=NAME`, "
           "and `&declare=create`."},
    option{"queue", "max_attempts", number<unsigned>{at<queue, queue_opts, &queue_options::max_attempts>, 0, 1'000'000},
           "How often a message is handed out before it becomes a dead letter. 0: no limit."},
    option{"queue", "backoff",
           time_span{at<queue, queue_opts, &queue_options::backoff_min>,
                     at<queue, queue_opts, &queue_options::backoff_max>, 1ms, 30 * day},
           "The delay before the second attempt, doubled with each further one, and the longest delay."},
    option{"queue", "ack_timeout",
           time<milliseconds>{at<queue, queue_opts, &queue_options::ack_timeout>, 10ms, 30 * day},
           "The lease of a delivery: not settled within it, the message is handed out again. A flow renews the lease "
           "while its call runs."},
    option{"queue", "dedupe", time<milliseconds>{at<queue, queue_opts, &queue_options::dedupe>, 0ms, 30 * day},
           "How long `add` remembers an id after it was accepted. 0s: only while the message is in the queue."},
    option{"queue", "length_max",
           number<std::uint64_t>{at<queue, queue_opts, &queue_options::length_max>, 1, 1'000'000'000'000},
           "Messages that wait or are handed out. A publish beyond it is refused."},
    option{"queue", "bytes_max", size<std::uint64_t>{at<queue, queue_opts, &queue_options::bytes_max>, KiB, 64 * TiB},
           "Their bodies, ids and keys together. A publish beyond it is refused."},
    option{"queue", "confirm_within",
           time<milliseconds>{at<queue, queue_opts, &queue_options::confirm_within>, 1ms, 1h},
           "A client whose message is not on disk after so long is told maybe_done."},
    option{"queue", "ordered", flag{at<queue, queue_opts, &queue_options::ordered>},
           "One delivery at a time in the whole queue."},
    option{"queue", "expire", flag{at<queue, queue_opts, &queue_options::expire>},
           "A client's exptime counts: a message that is older becomes a dead letter. Without it the exptime is "
           "ignored, since some frameworks always send one."},
    option{"queue", "allow_tmpfs", flag{at<queue, &queue_config::allow_tmpfs>},
           "The file may be in a file system in memory, which survives no reboot."},
    option{"queue", "copies", texts{at<queue, &queue_config::copies>, nullptr, "name of a queue or a list of names"},
           "Of a journal: queues of the same file into each of which every message is put as well, in the same "
           "transaction: all of them have it, or it is refused. So several programs or flows read every message, each "
           "from a queue of its own. One that is full refuses for all. A copy is not copied again.",
           "none"},

    option{"queue", "declare", choice{at<queue, &queue_config::create>, "create", "check"},
           "Of a broker: `check`, the queue or topic and its dead letters (NAME.dead) must be there; `create`, what is "
           "not there is made."},
    option{"queue", "prefetch", number<unsigned>{at<queue, &queue_config::prefetch>, 0, 65'535},
           "Of a broker: messages that are here and not settled. More are left there, for other processes too. 0: by "
           "need, 500 at most: on RabbitMQ as many as are asked for and worked on, and ahead of that what is settled "
           "in 100 ms."},
    option{"queue", "idle", time<milliseconds>{at<queue, &queue_config::idle>, 1s, day},
           "Of a broker: when nobody has asked for a message for so long, and none is being worked on, those that are "
           "here go back to it, for other processes that want some, until somebody asks again."},
    option{"queue", "publish_timeout", time<milliseconds>{at<queue, &queue_config::publish_timeout>, 100ms, 1h},
           "Of a broker: a message that it has not confirmed in this time has failed; until then it is sent again to a "
           "broker that was away. A client is answered after `confirm_within`."},
    option{
        "queue", "later", text{at<queue, &queue_config::later>, wrong_journal_url, "URL"},
        "Of a broker: the journal (`\"journal:\"`) where messages wait that are to be tried again later or are not to "
        "be handed out yet, so that pauses and attempts outlive this process. Messages with a key wait here in any "
        "case, as their order is kept.",
        "none: here"},
    option{"queue", "outbox", text{at<queue, &queue_config::outbox>, wrong_journal_url, "URL"},
           "Of a broker: the journal (`\"journal:\"`) where what is published waits until the broker has it: it is "
           "confirmed once it is on this disk, and goes on in its order, through outages of any length and restarts. "
           "`length_max` and `bytes_max` are limits of what waits there.",
           "none: the broker confirms"},
    option{"queue", "queue", text{at<queue, &queue_config::broker_queue>, nullptr, "name of a queue"},
           "RabbitMQ: the queue's name there.", "the same name; of changes at an exchange `SITE.NAME`"},
    option{"queue", "queue_type", choice{at<queue, &queue_config::quorum>, "quorum", "classic"},
           "RabbitMQ: what `declare = \"create\"` makes."},
    option{"queue", "exchange", text{at<queue, &queue_config::exchange>, nullptr, "name of an exchange"},
           "RabbitMQ: a fanout exchange to which messages are published; the queue is bound to it.",
           "none: to the queue itself"},
    option{"queue", "heartbeat", time<seconds>{at<queue, &queue_config::heartbeat>, 1s, 10min},
           "RabbitMQ: a broker of which nothing was heard for twice as long is connected to again."},
    option{"queue", "ca_file", text{at<queue, &queue_config::ca_file>, nullptr, "path of a file"},
           "RabbitMQ, amqps: PEM file of who may have signed the broker's certificate.", "the system's"},
    option{"queue", "certificate_file", text{at<queue, &queue_config::certificate_file>, nullptr, "path of a file"},
           "RabbitMQ, amqps: PEM file of this client's certificate.", "none"},
    option{"queue", "key_file", text{at<queue, &queue_config::key_file>, nullptr, "path of a file"},
           "RabbitMQ, amqps: PEM file of its key.", "`certificate_file`"},
    option{"queue", "topic", text{at<queue, &queue_config::topic>, nullptr, "name of a topic"},
           "Kafka: the topic's name.", "the same name"},
    option{"queue", "group", text{at<queue, &queue_config::group>, nullptr, "name of a group"},
           "Kafka: the group of consumers.", "`freshet.NAME`; of changes `SITE.NAME`"},
    option{"queue", "linger", time<milliseconds>{at<queue, &queue_config::linger>, 0ms, 1s},
           "Kafka: how long a message may wait for others that are sent with it."},
    option{"queue", "kafka", pairs{at<queue, &queue_config::kafka_properties>},
           "Kafka: properties of librdkafka, for SASL, TLS, compression and so on. Those that the promises rest on "
           "cannot be set.",
           "none"},

    option{"route", "prefix", texts{at<route, &route_config::prefixes>, wrong_prefix},
           R"(What the keys begin with; `""` is every key. The longest prefix that fits a key wins.)", "", true},
    option{"route", "store", text{at<route, &route_config::store>, nullptr, "name of a store"},
           "The store that answers. A route has either this or `queue`.", "none"},
    option{"route", "queue", text{at<route, &route_config::queue>, nullptr, R"(name of a queue, or `"*"`)"},
           R"(The queue on which a set publishes and from which a get receives. `"*"`: what stands behind the prefix )"
           "names the queue; one that is not in the file is made by its first set, with the options of "
           R"(`[queue."*"]`.)",
           "none"},
    option{"route", "publish", text{at<route, &route_config::publish>, nullptr, "name of a queue"},
           "What clients write to the store is told in this queue, before they are answered, and a flow with `apply` "
           "takes it to the store of each site. A store of memcached servers needs `exclusive = true`, and each server "
           "memcached 1.6.27 or later.",
           "none"},
    option{"route", "wait", time<milliseconds>{at<route, &route_config::wait>, 0ms, 1h},
           "A get that misses waits so long for the value; half a second once its client has sent its last (FIN). Many "
           "clients give up after 250 ms to 5 s. 0s: it does not wait."},
    option{"route", "noreply", choice{at<route, &route_config::close_on_lost_noreply>, "close", "warn"},
           "What a publish with noreply that fails does beside being logged: close the connection, or "
           "nothing more."},

    option{"flow", "from", text{at<flow, &flow_config::from>, nullptr, "name of a queue"}, "Where messages are taken.",
           "", true},
    option{
        "flow", "call", call{at<flow, &flow_config::url>},
        R"(What each message's body is given to: a URL (`"http://HOST[:PORT]/PATH"` or https, POST), or a table, see )"
        "below. A flow has either this or `apply`.",
        "none"},
    option{"flow", "apply", text{at<flow, &flow_config::apply>, nullptr, "name of a store"},
           "The messages are changes, which this store takes: those of routes with `publish`, here and at other sites. "
           "Its "
           "servers are memcached 1.6.27 or later.",
           "none"},
    option{"flow", "held_max", size<std::uint64_t>{at<flow, &flow_config::held_max_bytes>, KiB, 64 * TiB},
           "With `apply`: so much may wait for one server of the pool that is away, and 1,000,000 changes. Beyond that "
           "they are dropped, and the server is emptied before it is used again."},
    option{"flow", "concurrency", number<unsigned>{at<flow, &flow_config::concurrency>, 1, 1'000}, "Calls at a time."},
    option{"flow", "into", text{at<flow, &flow_config::into>, nullptr, "name of a store"}, "Where results are put.",
           "none: they go nowhere"},
    option{"flow", "key", text{at<flow, &flow_config::key>},
           "The result's key. `{id}`, `{key}` and `{queue}` are filled in."},
    option{"flow", "ttl", time<seconds>{at<flow, &flow_config::ttl>, 0ms, 3'650 * day},
           "How long the result is kept. 0s: until it is evicted."},

    option{"call", "http", text{at<flow, &flow_config::url>, wrong_http_url, "URL"}, "The same as the URL alone.",
           "none"},
    option{"call", "exec", argv{at<flow, &flow_config::exec>},
           "A program with its whole path, and its arguments. No shell reads them. It gets the body on stdin; what it "
           "writes to stdout is the result. Needs `allow_exec = true` in `[server]`.",
           "none"},
    option{"call", "env", texts{at<flow, &flow_config::env>, wrong_variable, "list of names"},
           "exec: variables of the server's environment that the program sees, beside `PATH`, `HOME`, `LANG` and what "
           "says what its task is. One that is not set is a warning.",
           "none"},
    option{"call", "ca_file", text{at<flow, &flow_config::ca_file>, nullptr, "path of a file"},
           "https: PEM file of who may have signed the server's certificate, which is always verified.",
           "the system's"},
    option{
        "call", "proxy", flag{at<flow, &flow_config::proxy>},
        "http and https: through the proxy that the environment names: `http_proxy`, `https_proxy` or `all_proxy`, but "
        "for the hosts of `no_proxy`. Without it the server is connected to whatever the environment says."},
    option{"call", "timeout", time<milliseconds>{at<flow, &flow_config::timeout>, 1ms, day},
           "Of one call. A program that takes longer is killed with its children."},
};

constexpr std::string_view of_more_servers =
    "is not in this version; while a server is down its keys miss and their writes fail, nothing moves to another one";
constexpr std::string_view of_servers =
    "is about standing in for servers, which is not in this version; a route leads to one store or one queue";
constexpr later not_yet[] = {
    {"", "admin", "is not in this version; memcached's stats command tells the figures"},
    {"server", "admin", "is not in this version; memcached's stats command tells the figures"},
    {"server", "tls", "is not in this version; listen on loopback or a socket file, behind a proxy that speaks TLS"},
    {"store", "replicas", of_more_servers},
    {"store", "spare", of_more_servers},
    {"store", "tls",
     "is not in this version; reach the servers through a network you trust, or a proxy that speaks TLS"},
    {"store", "password_file", "is not in this version; memcached servers with SASL cannot be used"},
    {"queue", "password_file", "is not in this version; ${NAME} in the URL takes the password from the environment"},
    {"route", "lease", "is not in this version; a client that misses sets the value itself"},
    {"route", "fill", "is not in this version; a client that misses sets the value itself"},
    {"route", "spare", of_servers},
    {"route", "replicas", of_servers},
};

}  // namespace

std::span<const option> options() { return all_options; }

const option* find_option(std::string_view section, std::string_view key) {
    const auto found = std::find_if(all_options.begin(), all_options.end(),
                                    [&](const option& o) { return o.section == section && o.key == key; });
    return found == all_options.end() ? nullptr : &*found;
}

std::vector<std::string_view> keys_of(std::string_view section) {
    std::vector<std::string_view> to;
    for (const option& o : all_options) {
        if (o.section == section) to.push_back(o.key);
    }
    return to;
}

const later* find_later(std::string_view section, std::string_view key) {
    for (const later& l : not_yet) {
        if (l.section == section && l.key == key) return &l;
    }
    return nullptr;
}

std::string_view header_of(std::string_view section) {
    if (section == "site") return "[site]";
    if (section == "server") return "[server]";
    if (section == "store") return "[store.NAME]";
    if (section == "queue") return "[queue.NAME]";
    if (section == "route") return "[[route]]";
    if (section == "flow") return "[[flow]]";
    return "call = { ... }";
}

}  // namespace freshet::reading
