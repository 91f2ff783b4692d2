// A configuration as plain values: what a file or the command line says, with the defaults of what it does not say.
// Reading is all or nothing; mistakes are told all at once. docs/config.md has the same options as a file writes them,
// with their ranges. Sizes are bytes; times have their unit in the type.
#pragma once

#include <freshet/error.hpp>
#include <freshet/time.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace freshet {

/// Where a memcached server is. What is written here decides where keys lie, not what a name resolves to.
struct server_address {
    std::string host{};         ///< a name or an address, without brackets; or the path of a Unix socket
    std::uint16_t port{11211};  ///< 0: a Unix socket
    unsigned weight{1};         ///< its share of the keys beside the others' weights (ketama); 0 is 1

    bool is_unix() const noexcept { return port == 0; }
    /// "10.0.0.1:11211", "[::1]:11211" or "unix:/run/memcached.sock"
    std::string name() const;
};

/// Which server a key belongs to.
enum class placement_kind : std::uint8_t {
    ketama,  ///< as libmemcached's weighted ketama: a pool that grows by one server moves few keys
    modula,  ///< as libmemcached without settings; weights mean nothing, and a pool that grows moves nearly all keys
};

/// A pool of memcached servers. One pipelined connection to each from every shard that uses it.
struct memcached_options {
    std::string name{"main"};  ///< for sentences
    std::vector<server_address> servers{};
    placement_kind hash{placement_kind::ketama};
    std::string hash_tag{};              ///< "{}": only what stands between these decides, where both are in the key
    milliseconds timeout{250};           ///< a server's call is answered within it and a tick of 20 ms
    milliseconds transfer_max{10'000};   ///< but for one whose value is on its way; `timeout` if that is longer
    unsigned failures_max{3};            ///< so many failures in a row: the server is left alone
    milliseconds backoff_min{100};       ///< until it is asked again, doubled each time
    milliseconds backoff_max{10'000};    ///< the longest such pause
    milliseconds resolve_every{30'000};  ///< names are looked up again so often
    bool miss_on_error{true};            ///< a get that fails is told as a miss; else as the failure
    bool versions{false};                ///< items have versions: a server that keeps none is not used (before 1.6.27)
    std::size_t waiting_max{262'144};    ///< calls under way to one server on one shard
    std::size_t waiting_max_bytes{std::size_t{64} << 20};  ///< of them, what is not sent yet
};

/// Of one queue, wherever its messages are.
struct queue_options {
    unsigned max_attempts{5};         ///< deliveries of one message; 0: no limit
    milliseconds backoff_min{1'000};  ///< the first retry's delay, doubled each time
    milliseconds backoff_max{300'000};
    milliseconds ack_timeout{60'000};      ///< the lease of a delivery
    milliseconds dedupe{600'000};          ///< how long `unique` remembers an id
    std::uint64_t length_max{10'000'000};  ///< messages that wait or are leased; more are refused: queue_full
    std::uint64_t bytes_max{std::uint64_t{8}
                            << 30};    ///< of their bodies, ids and keys; more are refused: queue_bytes_full
    milliseconds confirm_within{300};  ///< a client is answered maybe_done after so long
    bool ordered{false};               ///< one delivery at a time in the whole queue
    bool expire{false};                ///< a client's exptime expires the message
    /// Not of a file. In the order in which they came: keys, times and expiry are for the queue that they go on to.
    bool plain{false};
    /// Not of a file. What is handed out cannot end the process: none is ever worked on alone, or dead for that.
    bool harmless{false};
};

/// [[flow]]: messages of a queue are worked off by a program or a URL, or are changes that a store takes; one of `url`,
/// `exec` and `apply` is set.
struct flow_config {
    std::string from;               ///< a queue's name
    std::string url;                ///< "http://HOST[:PORT]/PATH", or https: POSTed the body; or empty
    std::vector<std::string> exec;  ///< an argv list with an absolute path: stdin -> stdout; or empty
    std::string apply{};            ///< a store's name; or empty
    /// apply: of changes that wait for one server that is away. What it was told then is dropped, and it is emptied.
    std::uint64_t held_max_bytes{std::uint64_t{1} << 30};
    std::vector<std::string> env{};  ///< exec: variables of the environment that it sees beside PATH, HOME and LANG
    bool proxy{false};               ///< url: reached through the proxy that http_proxy and so on name, where one does
    std::string ca_file{};           ///< url, https: PEM of who may have signed its certificate; empty: the system's
    milliseconds timeout{30'000};    ///< of one call
    unsigned concurrency{1};         ///< calls at a time, 1..1,000
    std::string into;                ///< a store's name; empty: results go nowhere
    std::string key{"result:{id}"};  ///< the result's key; {id}, {key} and {queue} are filled in
    seconds ttl{3'600};              ///< of the result; 0: never expires
    std::size_t result_size_max_bytes{std::size_t{1}
                                      << 20};  ///< a larger result is an error: the store's item_size_max
};

/// [site]: the processes that share a store. Changes of one site reach every other one.
struct site_config {
    std::string name{"freshet"};  ///< a change carries it
    unsigned node{0};             ///< 0..1,023: another one for each process of every site
    seconds tombstone{600};       ///< a deleted key is remembered so long; the same at every site
};

/// [server].
struct server_config {
    std::vector<std::string> listen{"127.0.0.1:11311"};     ///< "HOST:PORT", "[::1]:PORT", "unix:/PATH"
    unsigned threads{1};                                    ///< shards that serve clients, 1..64
    bool allow_exec{false};                                 ///< flows may run programs
    std::size_t item_size_max_bytes{std::size_t{1} << 20};  ///< of a key and its value, as memcached counts
    std::size_t connections_max{10'000};                    ///< of clients; more are answered with an error and closed
    /// Held in memory for clients, beside the stores; 0: a quarter of the memory this process may use.
    std::size_t memory_max_bytes{0};
    milliseconds stop_timeout{10'000};   ///< what is under way at a stop has so long to end
    std::size_t queues_max{1'000};       ///< queues that any_queue routes make
    milliseconds queue_idle{3'600'000};  ///< such a queue goes when it was empty and unused for so long; 0: it stays
};

/// [store.NAME].
struct store_config {
    std::string name{"main"};
    std::vector<std::string> urls{"memory:"};  ///< that alone, or the servers of a pool, see parse_server_address()
    std::size_t size_bytes{0};                 ///< memory: 0: 1 GiB or a quarter of the memory allowed, the smaller
    bool flush_all{true};      ///< flush_all empties it; a file's default is false for memcached servers
    bool exclusive{false};     ///< memcached: every client of these servers goes through Freshet
    bool ketama{true};         ///< memcached: pool.hash is set from it
    memcached_options pool{};  ///< memcached: its name and servers are set by what makes the store

    bool in_memory() const { return urls.size() == 1 && urls.front() == "memory:"; }
};

/// [queue.NAME].
struct queue_config {
    std::string name;
    /// "journal:" (STATE/journal.db) or "journal:PATH"; or the servers of a broker, "amqp://..." or "kafka://...".
    std::vector<std::string> urls{"journal:"};
    bool allow_tmpfs{false};
    std::vector<std::string> copies{};  ///< journal: names of queues there that each message is put into, too
    queue_options options{};

    // Of a broker.
    bool create{false};          ///< what is not there is made
    std::string broker_queue{};  ///< RabbitMQ: the queue's name there; empty: the same
    std::string exchange{};      ///< RabbitMQ: a fanout exchange that messages are published to; empty: the queue
    bool quorum{false};          ///< RabbitMQ, create: a quorum queue
    seconds heartbeat{10};       ///< RabbitMQ
    std::string ca_file{};       ///< RabbitMQ, amqps: PEM; empty: the system's
    std::string certificate_file{}, key_file{};                           ///< the same: of this client
    std::string topic{};                                                  ///< Kafka; empty: the same name
    std::string group{};                                                  ///< Kafka: of consumers; empty: "SITE.NAME"
    milliseconds linger{5};                                               ///< Kafka
    std::vector<std::pair<std::string, std::string>> kafka_properties{};  ///< of librdkafka
    unsigned prefetch{0};  ///< messages that are here and not settled; 0: by need
    milliseconds publish_timeout{30'000};
    milliseconds idle{60'000};
    std::string later{};   ///< "journal:...": where messages without a key wait for their time; empty: in this process
    std::string outbox{};  ///< "journal:...": what is published is confirmed there, and goes on from there; empty: none

    bool on_broker() const;
    bool on_kafka() const;
};

/// [[route]]: keys that begin with one of the prefixes go to a store or to a queue. The longest prefix wins.
struct route_config {
    std::vector<std::string> prefixes;
    std::string store;                 ///< a name of a store, or empty
    std::string queue;                 ///< a name of a queue, or empty
    std::string publish{};             ///< a name of a queue: what is written to the store is told there
    milliseconds wait{0};              ///< a get that misses waits so long for the value
    bool any_queue{false};             ///< the rest of the key names the queue (the default's "queue/")
    bool close_on_lost_noreply{true};  ///< noreply = "close" or "warn"
};

/// All of it. Names refer to each other; read_config() has checked that they exist.
struct config {
    site_config site{};
    server_config server{};
    std::vector<store_config> stores{};
    std::vector<queue_config> queues{};
    queue_config made_queues{"*"};  ///< the options of queues that any_queue routes make
    std::vector<route_config> routes{};
    std::vector<flow_config> flows{};
    bool accept_loss{false};     ///< --accept-loss: journals that are known to have lost something are opened
    std::string state_folder{};  ///< --state, else $STATE_DIRECTORY, else $XDG_STATE_HOME/freshet
};

/// Without a file: one memory store, one journal, every key that begins with "queue/" a durable queue of that name.
config default_config();

/// A mistake in a file, with the place where it stands (1-based; 0: none).
struct mistake {
    unsigned line{0};
    unsigned column{0};
    std::string text;
};

struct config_reading {
    config value{};
    std::vector<mistake> mistakes{};  ///< in file order; empty: the value can be used
};

/// `text` is TOML.
config_reading read_config(std::string_view text);
/// A file; one that cannot be read is one mistake.
config_reading read_config_file(const std::string& path);

/// The state folder as the environment says it: $STATE_DIRECTORY, else $XDG_STATE_HOME/freshet, else
/// ~/.local/state/freshet.
std::string default_state_folder();

}  // namespace freshet
