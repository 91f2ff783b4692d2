// What a file or the command line says, as plain values. Reading is all or nothing; mistakes are told all at once.
#pragma once

#include <freshet/broker.hpp>
#include <freshet/error.hpp>
#include <freshet/flow.hpp>
#include <freshet/queue.hpp>
#include <freshet/store.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace freshet {

struct server_config {
    std::vector<std::string> listen{"127.0.0.1:11311"};  ///< "HOST:PORT", "[::1]:PORT", "unix:/PATH"
    unsigned threads{1};                                 ///< shards that serve clients, 1..64
    bool allow_exec{false};                              ///< flows may run programs
    std::size_t item_size_max_bytes{std::size_t{1} << 20};
    std::size_t connections_max{10'000};
    milliseconds stop_timeout{10'000};
    std::size_t queues_max{1'000};  ///< queues that any_queue routes make
};

struct store_config {
    std::string name{"main"};
    std::vector<std::string> urls{"memory:"};  ///< that alone, or the servers of a pool, see parse_server_address()
    std::size_t size_bytes{0};                 ///< memory: 0: 1 GiB or a quarter of the memory allowed, the smaller
    bool flush_all{true};      ///< flush_all empties it; a file's default is false for memcached servers
    bool ketama{true};         ///< memcached: pool.hash is set from it
    memcached_options pool{};  ///< memcached: its name and servers are set by what makes the store

    bool in_memory() const { return urls.size() == 1 && urls.front() == "memory:"; }
};

struct queue_config {
    std::string name;
    /// "journal:" (STATE/journal.db) or "journal:PATH"; or the servers of a broker, "amqp://..." or "kafka://...".
    std::vector<std::string> urls{"journal:"};
    bool allow_tmpfs{false};
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
    unsigned prefetch{500};                                               ///< messages that are here and not settled
    milliseconds publish_timeout{30'000};
    milliseconds idle{60'000};
    std::string later{};  ///< "journal:...": where messages without a key wait for their time; empty: in this process

    bool on_broker() const;
    bool on_kafka() const;
};

struct route_config {
    std::vector<std::string> prefixes;
    std::string store;                 ///< a name of a store, or empty
    std::string queue;                 ///< a name of a queue, or empty
    milliseconds wait{0};              ///< a get that misses waits so long for the value
    bool any_queue{false};             ///< the rest of the key names the queue (the default's "queue/")
    bool close_on_lost_noreply{true};  ///< noreply = "close" or "warn"
};

struct config {
    server_config server{};
    std::vector<store_config> stores{};
    std::vector<queue_config> queues{};
    queue_config made_queues{"*"};  ///< the options of queues that any_queue routes make
    std::vector<route_config> routes{};
    std::vector<flow_config> flows{};
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

/// "memcached://HOST[:PORT][?weight=N]" or "unix:/PATH[?weight=N]"; or what is wrong with it, a sentence.
result<server_address> parse_server_address(std::string_view url);

/// What a queue on RabbitMQ is made from; or what is wrong with its URLs, a sentence that tells no password.
result<rabbitmq_options> rabbitmq_of(const queue_config& q);
/// `site`: begins the name of the group of consumers where none is given.
result<kafka_options> kafka_of(const queue_config& q, std::string_view site);

/// The file of a queue's url. A relative path is in the state folder.
std::string journal_file(std::string_view url, const std::string& state_folder);

/// docs/config.md, made from the table of options that reading uses.
std::string config_reference();

}  // namespace freshet
