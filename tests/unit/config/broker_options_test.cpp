// What a queue on a broker is made from.
#include <freshet/config.hpp>

#include "config/broker_options.hpp"
#include "queue/kafka/kafka.hpp"
#include "shard/shard.hpp"

#include <gtest/gtest.h>

namespace freshet {
namespace {

queue_config read_one(const std::string& text) {
    const config_reading read = read_config(text);
    EXPECT_TRUE(read.mistakes.empty()) << (read.mistakes.empty() ? "" : read.mistakes.front().text);
    return read.value.queues.empty() ? queue_config{} : read.value.queues.front();
}

std::string mistake_of(const std::string& text) {
    const config_reading read = read_config(text);
    return read.mistakes.empty() ? "" : read.mistakes.front().text;
}

TEST(broker, a_url_says_who_where_and_what) {
    const auto made =
        rabbitmq_of(read_one("[queue.a]\nurl = 'amqps://me:p%40ss@h:1/my%2Fhost?queue=q&declare=create'"));
    ASSERT_TRUE(made);
    EXPECT_EQ(made->name, "a");
    EXPECT_EQ(made->user, "me");
    EXPECT_EQ(made->password, "p@ss");
    ASSERT_EQ(made->servers.size(), 1U);
    EXPECT_EQ(made->servers[0].host, "h");
    EXPECT_EQ(made->servers[0].port, 1);
    EXPECT_EQ(made->virtual_host, "my/host");
    EXPECT_EQ(made->queue_name, "q");
    EXPECT_EQ(made->declare, declaration::create);
    EXPECT_TRUE(made->tls);
}

TEST(broker, a_name_is_the_section_s_where_none_is_given) {
    EXPECT_EQ(rabbitmq_of(read_one("[queue.a]\nurl = 'amqp://h'"))->queue_name, "a");
    EXPECT_EQ(rabbitmq_of(read_one("[queue.a]\nurl = 'amqp://h'\nqueue = 'b'"))->queue_name, "b");
    EXPECT_EQ(rabbitmq_of(read_one("[queue.a]\nurl = 'amqp://h'"))->servers[0].port, 5672);
    EXPECT_EQ(rabbitmq_of(read_one("[queue.a]\nurl = 'amqps://h'"))->servers[0].port, 5671);
    const auto kafka = kafka_of(read_one("[queue.a]\nurl = ['kafka://h', 'kafka://[::1]:9']"), "fra");
    EXPECT_EQ(kafka->topic, "a");
    EXPECT_EQ(kafka->group, "fra.a");
    EXPECT_EQ(kafka->servers, "h:9092,[::1]:9");
}

TEST(broker, a_name_is_one_that_the_broker_can_have) {
    const std::string long_name(251, 'x'), topic =
                                               "url: a topic's name has 1 to 244 of A-Z a-z 0-9 . _ -, since its dead "
                                               "letters are in NAME.dead";
    EXPECT_EQ(mistake_of("[queue.a]\nurl = 'kafka://h'\ntopic = 'a b'"), topic);
    EXPECT_EQ(mistake_of("[queue.'a:b']\nurl = 'kafka://h'"), topic);
    EXPECT_EQ(mistake_of("[queue.a]\nurl = 'kafka://h?topic=" + long_name + "'"), topic);
    EXPECT_EQ(mistake_of("[queue.a]\nurl = 'kafka://h'\ntopic = '" + long_name.substr(0, 244) + "'"), "");
    for (const char* of : {"queue = '", "exchange = '12345"})
        EXPECT_EQ(
            mistake_of("[queue.a]\nurl = 'amqp://h'\n" + std::string(of) + long_name + "'"),
            "url: RabbitMQ's names have 255 bytes at most, a queue's 250, since its dead letters are in NAME.dead");
}

TEST(broker, urls_of_one_queue_agree) {
    EXPECT_EQ(rabbitmq_of(read_one("[queue.a]\nurl = ['amqp://h', 'amqp://i:1']"))->servers.size(), 2U);
    const std::string sentence = "url: the URLs of one queue are of one broker: nothing but the servers differs";
    EXPECT_EQ(mistake_of("[queue.a]\nurl = ['amqp://h', 'kafka://h']"), sentence);
    EXPECT_EQ(mistake_of("[queue.a]\nurl = ['amqp://a:b@h', 'amqp://h']"), sentence);
}

TEST(broker, an_option_of_another_kind_of_queue_is_a_mistake) {
    EXPECT_EQ(mistake_of("[queue.a]\nexchange = 'x'"),
              "exchange: is an option of RabbitMQ; the queue 'a' is in a journal");
    EXPECT_EQ(mistake_of("[queue.a]\nurl = 'kafka://h'\nheartbeat = '1s'"),
              "heartbeat: is an option of RabbitMQ; the queue 'a' is on Kafka");
    EXPECT_EQ(mistake_of("[queue.a]\nurl = 'amqp://h'\ntopic = 't'"),
              "topic: is an option of Kafka; the queue 'a' is on RabbitMQ");
    EXPECT_EQ(
        mistake_of("[queue.a]\nlater = 'journal:'"),
        "later: is an option of RabbitMQ and Kafka: a journal's messages wait there; the queue 'a' is in a journal");
    EXPECT_EQ(mistake_of("[queue.a]\nurl = 'amqp://h'\nlater = 'redis:'"),
              "later: 'redis:' is no journal; write \"journal:\" or \"journal:/PATH\"");
    EXPECT_EQ(mistake_of("[queue.a]\nurl = 'amqp://h'\nlater = 'journal:'\nallow_tmpfs = true"), "");
    EXPECT_EQ(
        mistake_of("[queue.a]\noutbox = 'journal:'"),
        "outbox: is an option of RabbitMQ and Kafka: what is published to a journal is on this disk; the queue 'a' is "
        "in a journal");
    EXPECT_EQ(mistake_of("[queue.a]\nurl = 'kafka://h'\noutbox = 'journal:'\nallow_tmpfs = true\nlength_max = 5"), "");
    EXPECT_EQ(
        mistake_of("[queue.a]\nurl = 'kafka://h'\nlength_max = 5"),
        "length_max: is an option of a journal, RabbitMQ or an outbox; a topic keeps messages as its retention says; "
        "the queue 'a' is on Kafka");
    EXPECT_EQ(mistake_of("[queue.a]\nurl = ['journal:', 'journal:x']"),
              "url: a journal is one file; a list is for the servers of a broker");
}

TEST(broker, properties_are_texts) {
    const auto made =
        kafka_of(read_one("[queue.a]\nurl = 'kafka://h'\n[queue.a.kafka]\n'compression.type' = 'lz4'"), "s");
    ASSERT_EQ(made->properties.size(), 1U);
    EXPECT_EQ(made->properties[0].first, "compression.type");
    EXPECT_EQ(mistake_of("[queue.a]\nurl = 'kafka://h'\n[queue.a.kafka]\nlinger = 5"),
              "kafka: 'linger' is a number; write its value in quotes");
}

TEST(broker, a_promise_s_property_cannot_be_set) {
    shard back("back");
    for (const auto* name : {"acks", "enable.idempotence", "enable.auto.commit", "group.id"}) {
        kafka_options o;
        o.name = "a";
        o.servers = "127.0.0.1:1";
        o.topic = o.group = "t";
        o.properties = {{name, "0"}};
        const auto made = make_kafka_queue(back, o);
        ASSERT_FALSE(made);
        EXPECT_EQ(made.error().text,
                  std::string("queue a: kafka.") + name + " cannot be set: what is promised of a queue rests on it");
    }
    kafka_options o;
    o.name = "a";
    o.properties = {{"no.such.thing", "1"}};
    const auto made = make_kafka_queue(back, o);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().text, "queue a: kafka.no.such.thing: No such configuration property: \"no.such.thing\"");
}

TEST(broker, what_librdkafka_refuses_when_a_handle_is_made_is_known_without_a_broker) {
#ifdef __SANITIZE_THREAD__
    GTEST_SKIP() << "the thread sanitizer does not know librdkafka's threads";
#endif
    const auto wrong = [](const std::string& more) {
        return wrong_kafka_queue(*kafka_of(read_one("[queue.a]\nurl = 'kafka://h'\n" + more), "s"));
    };
    EXPECT_EQ(wrong(""), "");
    EXPECT_EQ(
        wrong("[queue.a.kafka]\n'compression.type' = 'lz5'"),
        "queue a: kafka.compression.type: Invalid value \"lz5\" for configuration property \"compression.codec\"");
    EXPECT_NE(wrong("[queue.a.kafka]\n'max.in.flight' = '100'").find("max.in.flight"), std::string::npos);
    EXPECT_NE(
        wrong("[queue.a.kafka]\n'security.protocol' = 'ssl'\n'ssl.ca.location' = '/no/such'").find("ssl.ca.location"),
        std::string::npos);
    EXPECT_NE(wrong("linger = '1s'\npublish_timeout = '100ms'"), "");
}

}  // namespace
}  // namespace freshet
