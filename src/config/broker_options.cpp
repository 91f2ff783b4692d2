// What a queue on a broker is made from: the section of a file, and what its URLs say.
#include "config/broker_options.hpp"

#include <freshet/config.hpp>

#include "config/url/address.hpp"
#include "config/url/broker_url.hpp"

#include <fmt/format.h>

namespace freshet {

namespace {

using reading::broker_url;

problem wrong(std::string sentence) { return {errc::wrong_config, effect::not_done, std::move(sentence)}; }

/// The URLs of one queue, which must agree but for the server.
result<std::vector<broker_url>> parse_all(const queue_config& q) {
    std::vector<broker_url> all;
    for (const std::string& url : q.urls) {
        auto one = reading::parse_broker_url(url);
        if (!one) return one.error();
        const broker_url& first = all.empty() ? *one : all.front();
        if (one->kind != first.kind || one->tls != first.tls || one->user != first.user ||
            one->password != first.password || one->virtual_host != first.virtual_host || one->name != first.name ||
            one->declare != first.declare)
            return wrong("the URLs of one queue are of one broker: nothing but the servers differs");
        all.push_back(*std::move(one));
    }
    return all;
}

void fill(broker_options& to, const queue_config& q, const broker_url& url) {
    to.name = q.name;
    to.queue = q.options;
    to.declare =
        url.declare == "create" || (url.declare.empty() && q.create) ? declaration::create : declaration::check;
    to.publish_timeout = q.publish_timeout;
    to.prefetch = q.prefetch;
    to.idle = q.idle;
}

constexpr std::size_t rabbitmq_name_max = 255, kafka_name_max = 249;
constexpr std::size_t dead_suffix_bytes = 5;  // ".dead"

bool is_topic(std::string_view name) {
    constexpr std::string_view allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    return name.size() + dead_suffix_bytes <= kafka_name_max && name != "." && name != ".." &&
           name.find_first_not_of(allowed) == name.npos;
}

std::string name_of(const std::string& in_section, const broker_url& url, const queue_config& q) {
    if (!url.name.empty()) return url.name;
    return in_section.empty() ? q.name : in_section;
}

}  // namespace

bool queue_config::on_broker() const { return reading::is_broker_url(urls.front()); }
bool queue_config::on_kafka() const { return urls.front().starts_with("kafka:"); }

result<rabbitmq_options> rabbitmq_of(const queue_config& q) {
    const auto urls = parse_all(q);
    if (!urls) return urls.error();
    const broker_url& first = urls->front();
    if (first.kind != broker_url::kind::rabbitmq) return wrong("the URL is none of RabbitMQ");
    rabbitmq_options to;
    fill(to, q, first);
    for (const broker_url& one : *urls) to.servers.push_back({one.host, one.port});
    if (!first.user.empty()) {
        to.user = first.user;
        to.password = first.password;
    }
    to.virtual_host = first.virtual_host;
    to.queue_name = name_of(q.broker_queue, first, q);
    to.exchange = q.exchange;
    if (to.queue_name.size() + dead_suffix_bytes > rabbitmq_name_max || to.exchange.size() > rabbitmq_name_max ||
        to.virtual_host.size() > rabbitmq_name_max)
        return wrong("RabbitMQ's names have 255 bytes at most, a queue's 250, since its dead letters are in NAME.dead");
    to.quorum = q.quorum;
    to.heartbeat = q.heartbeat;
    to.tls = first.tls;
    to.ca_file = q.ca_file;
    to.certificate_file = q.certificate_file;
    to.key_file = q.key_file;
    return to;
}

result<kafka_options> kafka_of(const queue_config& q, std::string_view prefix) {
    const auto urls = parse_all(q);
    if (!urls) return urls.error();
    const broker_url& first = urls->front();
    if (first.kind != broker_url::kind::kafka) return wrong("the URL is none of Kafka");
    kafka_options to;
    fill(to, q, first);
    for (const broker_url& one : *urls) {
        if (!to.servers.empty()) to.servers += ',';
        to.servers += reading::join_address(one.host, one.port);
    }
    to.topic = name_of(q.topic, first, q);
    if (!is_topic(to.topic))
        return wrong("a topic's name has 1 to 244 of A-Z a-z 0-9 . _ -, since its dead letters are in NAME.dead");
    to.group = q.group.empty() ? fmt::format("{}.{}", prefix, q.name) : q.group;
    to.linger = q.linger;
    to.properties = q.kafka_properties;
    return to;
}

std::string wrong_broker(const queue_config& q) {
    const auto sentence = [](const auto& made) { return made ? std::string() : made.error().text; };
    return q.on_kafka() ? sentence(kafka_of(q, "freshet")) : sentence(rabbitmq_of(q));
}

}  // namespace freshet
