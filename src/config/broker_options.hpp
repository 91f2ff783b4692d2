// What a queue on RabbitMQ or Kafka is made from, and how that follows from a section [queue.NAME]: between the
// configuration and queue/rabbitmq or queue/kafka.
#pragma once

#include <freshet/config.hpp>
#include <freshet/error.hpp>
#include <freshet/time.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace freshet {

class queue;
class subscription_record;

/// What a queue wants to be on the broker.
enum class declaration : std::uint8_t {
    check,   ///< it must be there
    create,  ///< made if it is not
};

struct broker_options {
    std::string name;  ///< of the queue here
    queue_options queue{};
    freshet::declaration declare{declaration::check};
    milliseconds publish_timeout{30'000};  ///< a message that the broker has not confirmed by then has failed
    milliseconds connect_timeout{5'000};   ///< from the look-up of the name until the queue can be used
    milliseconds reconnect_min{100};       ///< the pause before connecting again, doubled each time, give or take 1/4
    milliseconds reconnect_max{10'000};
    std::size_t unconfirmed_max{10'000};  ///< messages on their way to the broker; more are refused: busy
    std::size_t unconfirmed_max_bytes{std::size_t{64} << 20};
    unsigned prefetch{0};       ///< messages that are here and not settled; 0: by need
    milliseconds idle{60'000};  ///< nobody asks, and nobody works on one: they go back to the broker, for others
    /// A queue of a journal that outlives this one, where messages without a key wait for their time: those that are
    /// tried again later, with the attempts that they have used up, and those that are published with `not_before`.
    /// Null: they wait in this process.
    freshet::queue* later{nullptr};
    /// What is known of the subscription, so that it is noticed and told that some of what was published is gone. Null:
    /// nobody asks.
    std::shared_ptr<subscription_record> subscription{};
};

struct rabbitmq_server {
    std::string host{"localhost"};
    std::uint16_t port{5672};
};

struct rabbitmq_options : broker_options {
    std::vector<rabbitmq_server> servers{};  ///< in turn, until one answers
    std::string user{"guest"};
    std::string password{"guest"};
    std::string virtual_host{"/"};
    std::string queue_name{};  ///< on the broker; dead letters are in NAME.dead
    bool one_consumer{false};  ///< declaration::create: one process at a time is handed what comes
    bool quorum{false};        ///< declaration::create: a quorum queue, else a classic durable one
    std::string exchange{};    ///< a fanout exchange that messages are published to; empty: the queue itself
    seconds heartbeat{10};     ///< nothing heard for twice as long ends the connection
    bool tls{false};
    std::string ca_file{};           ///< PEM; empty: the system's
    std::string certificate_file{};  ///< the client's, PEM; empty: none
    std::string key_file{};
};

struct kafka_options : broker_options {
    std::string servers{};  ///< "HOST:PORT,HOST:PORT"
    std::string topic{};    ///< dead letters are in TOPIC.dead
    std::string group{};    ///< of consumers
    milliseconds linger{5};
    /// librdkafka's own, except those that the promises rest on.
    std::vector<std::pair<std::string, std::string>> properties{};
};

/// What a queue on RabbitMQ is made from; or what is wrong with its URLs, a sentence that tells no password.
result<rabbitmq_options> rabbitmq_of(const queue_config& q);
/// `prefix`: begins the name of the group of consumers where none is given.
result<kafka_options> kafka_of(const queue_config& q, std::string_view prefix);
/// What is wrong with the URLs of a queue on either, a sentence; empty: nothing.
std::string wrong_broker(const queue_config& q);

}  // namespace freshet
