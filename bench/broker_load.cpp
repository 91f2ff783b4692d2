// One client of a broker, measured: messages published with so many unconfirmed, then received and acknowledged.
//     broker_load freshet|librabbitmq|librdkafka|librabbitmq+|librdkafka+ URL MESSAGES UNCONFIRMED
//     broker_load fanout URL MESSAGES UNCONFIRMED
//     broker_load protocol HOST:PORT MESSAGES 1
// freshet is a queue as the server has it, without the server: published to from another thread, as front doors do, and
// received from on its own, as flows do; the others are the libraries as their manuals show them. + : with the headers
// that freshet writes. protocol: set task:bench, one after another, through a server.
// fanout: librabbitmq+ to the exchange QUEUE, and from its queues QUEUE.1 and QUEUE.2 at the same time.
// One line of JSON: messages/s and microseconds of CPU of this process for each message; of the libraries with one
// unconfirmed, and of the protocol, also the median time until a message was confirmed.
#include <freshet/config.hpp>
#include <freshet/message.hpp>
#include <freshet/time.hpp>

#include "base/bytes.hpp"
#include "config/broker_options.hpp"
#include "protocol/ask.hpp"
#include "protocol/reply.hpp"
#include "queue/broker/remote_queue.hpp"
#include "queue/kafka/kafka.hpp"
#include "queue/operations.hpp"
#include "queue/queue.hpp"
#include "queue/rabbitmq/rabbitmq.hpp"
#include "shard/reactor.hpp"
#include "shard/shard.hpp"

#include <amqp.h>
#include <amqp_tcp_socket.h>
#include <fmt/format.h>
#include <librdkafka/rdkafka.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace freshet;

constexpr std::size_t body_bytes = 100;
constexpr unsigned prefetch = 500;

struct work {
    std::size_t messages;
    std::size_t unconfirmed;
};
struct figures {
    double per_second, cpu_us;
    double p50_us{0};  ///< 0: not measured
};

double median_us(std::vector<steady::duration>& times) {
    if (times.empty()) return 0;
    const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
    std::nth_element(times.begin(), middle, times.end());
    return std::chrono::duration<double, std::micro>(*middle).count();
}

double cpu_seconds() {
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    const auto seconds_of = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds_of(used.ru_utime) + seconds_of(used.ru_stime);
}

figures measured(std::size_t messages, const std::function<void()>& run) {
    const auto begin = steady::now();
    const double cpu = cpu_seconds();
    run();
    const std::chrono::duration<double> took = steady::now() - begin;
    const auto n = static_cast<double>(messages);
    return {n / took.count(), (cpu_seconds() - cpu) / n * 1e6};
}

[[noreturn]] void fail(const std::string& why) { throw std::runtime_error(why); }

// ---- freshet

class publisher {
public:
    publisher(shard& home, queue& to, work w) : home_(home), to_(to), left_(w.messages), under_way_(w.messages) {
        for (std::size_t i = 0; i < w.unconfirmed; ++i) all_.push_back(std::make_unique<one>(*this));
    }
    void run() {
        home_.run([this] {
            for (const auto& o : all_) lend(*o);
        });
        over_.get_future().wait();
    }

private:
    struct one final : publication {
        explicit one(publisher& o) : owner(o) { home = &o.home_; }
        void finish() override { owner.told(*this); }
        publisher& owner;
    };
    void lend(one& o) {
        if (left_ == 0) return;
        --left_;
        o.message = {};
        o.message.body.assign(body_bytes, 'x');
        to_.publish(o);
    }
    void told(one& o) {
        if (o.outcome != publication::outcome::confirmed) fail("a message was not confirmed");
        if (--under_way_ == 0) over_.set_value();
        else lend(o);
    }

    shard& home_;
    queue& to_;
    std::size_t left_, under_way_;
    std::vector<std::unique_ptr<one>> all_;
    std::promise<void> over_;
};

class receiver {
public:
    receiver(shard& home, queue& from, std::size_t messages)
        : home_(home), from_(from), left_(messages), what_(*this) {}
    void run() {
        home_.run([this] { ask(); });
        over_.get_future().wait();
    }

private:
    struct reception_of final : reception {
        explicit reception_of(receiver& o) : owner(o) { home = &o.home_; }
        void finish() override { owner.came(); }
        receiver& owner;
    };
    struct settlement_of final : settlement {
        explicit settlement_of(receiver& o) : owner(o) { home = &o.home_; }
        void finish() override { owner.settled(*this); }
        receiver& owner;
    };
    void ask() {
        what_.max = prefetch;
        what_.wait = milliseconds::max();
        from_.receive(what_);
    }
    void came() {
        for (const delivery& d : what_.deliveries) {
            if (free_.empty()) {
                all_.push_back(std::make_unique<settlement_of>(*this));
                free_.push_back(all_.back().get());
            }
            settlement_of& s = *free_.back();
            free_.pop_back();
            s.number = d.number;
            from_.settle(s);
        }
        taken_ += what_.deliveries.size();
        if (taken_ < left_) ask();
    }
    void settled(settlement_of& s) {
        free_.push_back(&s);
        if (++done_ == left_) over_.set_value();
    }

    shard& home_;
    queue& from_;
    std::size_t left_, taken_{0}, done_{0};
    reception_of what_;
    std::vector<std::unique_ptr<settlement_of>> all_;
    std::vector<settlement_of*> free_;
    std::promise<void> over_;
};

std::vector<figures> run_freshet(const std::string& url, work w) {
    shard back("back"), home("home");
    home.reactor().stay();  // as shards of clients do
    queue_config c;
    c.name = "bench";
    c.urls = {url};
    c.prefetch = prefetch;
    c.create = true;
    std::unique_ptr<remote_queue> made;
    if (c.on_kafka()) made = make_kafka_queue(back, kafka_of(c, "bench").value()).value();
    else made = make_rabbitmq_queue(back, rabbitmq_of(c).value());
    back.start();
    home.start();
    made->start();
    while (!made->is_connected()) std::this_thread::sleep_for(milliseconds(5));
    publisher out(home, *made, w);
    const figures published = measured(w.messages, [&] { out.run(); });
    receiver in(back, *made, w.messages);  // where flows are
    const figures received = measured(w.messages, [&] { in.run(); });
    made->stop(steady::now() + seconds(5));
    home.stop();
    made.reset();
    back.stop();
    return {published, received};
}

/// The CloudEvents attributes as freshet writes them, of the peers that do.
std::vector<std::pair<std::string, std::string>> attributes(const std::string& prefix) {
    return {{prefix + "specversion", "1.0"},
            {prefix + "id", "0123456789abcdef-1234"},
            {prefix + "source", "freshet/bench"},
            {prefix + "type", "freshet.message"}};
}

// ---- librabbitmq's blocking calls

void check(const amqp_rpc_reply_t& r, const char* what) {
    if (r.reply_type != AMQP_RESPONSE_NORMAL) fail(what);
}

amqp_connection_state_t connect(const rabbitmq_options& where) {
    const amqp_connection_state_t connection = amqp_new_connection();
    amqp_socket_t* const socket = amqp_tcp_socket_new(connection);
    if (amqp_socket_open(socket, where.servers[0].host.c_str(), where.servers[0].port) != 0) fail("cannot connect");
    check(amqp_login(connection, where.virtual_host.c_str(), 0, 131072, 0, AMQP_SASL_METHOD_PLAIN, where.user.c_str(),
                     where.password.c_str()),
          "login");
    amqp_channel_open(connection, 1);
    check(amqp_get_rpc_reply(connection), "channel");
    return connection;
}

void disconnect(amqp_connection_state_t connection) {
    amqp_connection_close(connection, AMQP_REPLY_SUCCESS);
    amqp_destroy_connection(connection);
}

void publish_all(amqp_connection_state_t connection, amqp_bytes_t exchange, amqp_bytes_t key, work w,
                 bool with_attributes, std::vector<steady::duration>& times) {
    amqp_confirm_select(connection, 1);
    amqp_basic_properties_t properties{};
    properties._flags = AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_MESSAGE_ID_FLAG;
    properties.delivery_mode = 2;
    auto there = attributes("cloudEvents_");
    there.emplace_back("cloudEvents_time", "2026-01-02T03:04:05.678Z");
    std::vector<amqp_table_entry_t> headers;
    for (const auto& [attribute, value] : there) {
        amqp_table_entry_t& e = headers.emplace_back();
        e.key = amqp_cstring_bytes(attribute.c_str());
        e.value.kind = AMQP_FIELD_KIND_UTF8;
        e.value.value.bytes = amqp_cstring_bytes(value.c_str());
    }
    if (with_attributes) {
        properties._flags |= AMQP_BASIC_HEADERS_FLAG | AMQP_BASIC_TIMESTAMP_FLAG;
        properties.headers = {static_cast<int>(headers.size()), headers.data()};
    }
    const std::string body(body_bytes, 'x');
    std::uint64_t sent = 0, confirmed = 0;
    while (confirmed < w.messages) {
        const auto begun = steady::now();
        while (sent < w.messages && sent - confirmed < w.unconfirmed) {
            const std::string id = std::to_string(++sent);
            properties.message_id = amqp_cstring_bytes(id.c_str());
            amqp_basic_publish(connection, 1, exchange, key, 1, 0, &properties,
                               {body.size(), const_cast<char*>(body.data())});
        }
        amqp_frame_t frame{};
        amqp_maybe_release_buffers(connection);
        if (amqp_simple_wait_frame(connection, &frame) != AMQP_STATUS_OK) fail("the connection has ended");
        if (frame.frame_type != AMQP_FRAME_METHOD || frame.payload.method.id != AMQP_BASIC_ACK_METHOD) continue;
        const auto& ack = *static_cast<amqp_basic_ack_t*>(frame.payload.method.decoded);
        confirmed = ack.multiple != 0 ? ack.delivery_tag : confirmed + 1;
        if (w.unconfirmed == 1) times.push_back(steady::now() - begun);
    }
}

void consume(amqp_connection_state_t connection, amqp_bytes_t name) {
    amqp_basic_qos(connection, 1, 0, prefetch, 0);
    amqp_basic_consume(connection, 1, name, amqp_empty_bytes, 0, 0, 0, amqp_empty_table);
    check(amqp_get_rpc_reply(connection), "consume");
}

void receive_all(amqp_connection_state_t connection, std::size_t messages) {
    for (std::size_t i = 0; i < messages; ++i) {
        amqp_maybe_release_buffers(connection);
        amqp_envelope_t envelope{};
        check(amqp_consume_message(connection, &envelope, nullptr, 0), "message");
        amqp_basic_ack(connection, 1, envelope.delivery_tag, 0);
        amqp_destroy_envelope(&envelope);
    }
}

std::vector<figures> run_librabbitmq(const std::string& url, work w, bool with_attributes) {
    queue_config c;
    c.urls = {url};
    const rabbitmq_options where = rabbitmq_of(c).value();
    const amqp_connection_state_t connection = connect(where);
    const amqp_bytes_t name = amqp_cstring_bytes(where.queue_name.c_str());
    std::vector<steady::duration> times;
    figures published =
        measured(w.messages, [&] { publish_all(connection, amqp_empty_bytes, name, w, with_attributes, times); });
    published.p50_us = median_us(times);
    consume(connection, name);
    const figures received = measured(w.messages, [&] { receive_all(connection, w.messages); });
    disconnect(connection);
    return {published, received};
}

/// Published to a fanout exchange, which is there, while it is received from a queue at each of two sites.
std::vector<figures> run_fanout(const std::string& url, work w) {
    queue_config c;
    c.urls = {url};
    const rabbitmq_options where = rabbitmq_of(c).value();
    const amqp_connection_state_t out = connect(where);
    std::vector<steady::duration> times;
    const figures all = measured(w.messages, [&] {
        std::vector<std::thread> sites;
        for (const char* site : {".1", ".2"}) {
            sites.emplace_back([&where, w, name = where.queue_name + site] {
                const amqp_connection_state_t in = connect(where);
                consume(in, amqp_cstring_bytes(name.c_str()));
                receive_all(in, w.messages);
                disconnect(in);
            });
        }
        publish_all(out, amqp_cstring_bytes(where.queue_name.c_str()), amqp_empty_bytes, w, true, times);
        for (std::thread& t : sites) t.join();
    });
    disconnect(out);
    return {all, all};
}

// ---- librdkafka

rd_kafka_t* make_kafka(rd_kafka_type_t type, std::vector<std::pair<const char*, std::string>> properties,
                       std::size_t* confirmed) {
    char trouble[512];
    rd_kafka_conf_t* const conf = rd_kafka_conf_new();
    for (const auto& [name, value] : properties) {
        if (rd_kafka_conf_set(conf, name, value.c_str(), trouble, sizeof trouble) != RD_KAFKA_CONF_OK) fail(trouble);
    }
    rd_kafka_conf_set_opaque(conf, confirmed);
    if (type == RD_KAFKA_PRODUCER)
        rd_kafka_conf_set_dr_msg_cb(conf, [](rd_kafka_t*, const rd_kafka_message_t* m, void* opaque) {
            if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR) fail(rd_kafka_err2str(m->err));
            ++*static_cast<std::size_t*>(opaque);
        });
    rd_kafka_t* const made = rd_kafka_new(type, conf, trouble, sizeof trouble);
    if (made == nullptr) fail(trouble);
    return made;
}

std::vector<figures> run_librdkafka(const std::string& url, work w, bool with_attributes) {
    queue_config c;
    c.urls = {url};
    const kafka_options where = kafka_of(c, "bench").value();
    std::size_t confirmed = 0;
    rd_kafka_t* const producer = make_kafka(
        RD_KAFKA_PRODUCER,
        {{"bootstrap.servers", where.servers}, {"acks", "all"}, {"enable.idempotence", "true"}, {"linger.ms", "5"}},
        &confirmed);
    const auto there = with_attributes ? attributes("ce_") : std::vector<std::pair<std::string, std::string>>{};
    const std::string body(body_bytes, 'x');
    std::vector<steady::duration> times;
    figures published = measured(w.messages, [&] {
        steady::time_point begun{};
        for (std::size_t sent = 0; confirmed < w.messages;) {
            const std::size_t before = confirmed;
            if (w.unconfirmed == 1 && sent == confirmed) begun = steady::now();
            while (sent < w.messages && sent - confirmed < w.unconfirmed) {
                rd_kafka_headers_t* const headers = rd_kafka_headers_new(there.size());
                for (const auto& [attribute, value] : there)
                    rd_kafka_header_add(headers, attribute.data(), static_cast<ssize_t>(attribute.size()), value.data(),
                                        static_cast<ssize_t>(value.size()));
                rd_kafka_producev(producer, RD_KAFKA_V_TOPIC(where.topic.c_str()),
                                  RD_KAFKA_V_VALUE(const_cast<char*>(body.data()), body.size()),
                                  RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_HEADERS(headers),
                                  RD_KAFKA_V_END);
                ++sent;
            }
            rd_kafka_poll(producer, 10);
            if (w.unconfirmed == 1 && confirmed != before) times.push_back(steady::now() - begun);
        }
    });
    published.p50_us = median_us(times);
    rd_kafka_t* const consumer = make_kafka(
        RD_KAFKA_CONSUMER,
        {{"bootstrap.servers", where.servers}, {"group.id", "bench-" + where.topic}, {"auto.offset.reset", "earliest"}},
        &confirmed);
    rd_kafka_poll_set_consumer(consumer);
    rd_kafka_topic_partition_list_t* const topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, where.topic.c_str(), RD_KAFKA_PARTITION_UA);
    rd_kafka_subscribe(consumer, topics);
    const figures received = measured(w.messages, [&] {
        for (std::size_t came = 0; came < w.messages;) {
            rd_kafka_message_t* const m = rd_kafka_consumer_poll(consumer, 100);
            if (m == nullptr) continue;
            if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR) ++came;
            rd_kafka_message_destroy(m);
        }
    });
    rd_kafka_topic_partition_list_destroy(topics);
    rd_kafka_consumer_close(consumer);
    rd_kafka_destroy(consumer);
    rd_kafka_destroy(producer);
    return {published, received};
}

// ---- the server's own protocol

std::vector<figures> run_protocol(const std::string& address, work w) {
    const auto colon = address.rfind(':');
    addrinfo hints{}, *found = nullptr;
    hints.ai_socktype = SOCK_STREAM;
    if (::getaddrinfo(address.substr(0, colon).c_str(), address.substr(colon + 1).c_str(), &hints, &found) != 0)
        fail("no such address");
    const int connection = ::socket(found->ai_family, SOCK_STREAM, 0);
    const int yes = 1;
    ::setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (::connect(connection, found->ai_addr, found->ai_addrlen) != 0) fail("cannot connect");
    ::freeaddrinfo(found);
    const std::string command =
        fmt::format("set task:bench 0 0 {}\r\n{}\r\n", body_bytes, std::string(body_bytes, 'x'));
    const std::string_view confirmed = "STORED\r\n";
    std::vector<steady::duration> times;
    figures published = measured(w.messages, [&] {
        for (std::size_t i = 0; i < w.messages; ++i) {
            const auto begun = steady::now();
            char answer[200];
            if (::send(connection, command.data(), command.size(), 0) != static_cast<ssize_t>(command.size()))
                fail("the connection has ended");
            const ssize_t got = ::recv(connection, answer, sizeof answer, 0);
            if (got <= 0 || std::string_view(answer, static_cast<std::size_t>(got)) != confirmed)
                fail("a message was not confirmed");
            times.push_back(steady::now() - begun);
        }
    });
    ::close(connection);
    published.p50_us = median_us(times);
    return {published, {}};
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 5) {
        fmt::print(stderr,
                   "broker_load freshet|librabbitmq|librdkafka|librabbitmq+|librdkafka+ URL MESSAGES UNCONFIRMED\n");
        return 2;
    }
    const std::string client = arguments[1], url = arguments[2];
    const work w{std::strtoull(arguments[3], nullptr, 10), std::strtoull(arguments[4], nullptr, 10)};
    try {
        const bool with_attributes = client.ends_with('+');
        const auto all = client == "protocol"                ? run_protocol(url, w)
                         : client == "freshet"               ? run_freshet(url, w)
                         : client == "fanout"                ? run_fanout(url, w)
                         : client.starts_with("librabbitmq") ? run_librabbitmq(url, w, with_attributes)
                                                             : run_librdkafka(url, w, with_attributes);
        fmt::print(
            "{{\"published_per_s\": {:.0f}, \"published_cpu_us\": {:.3f}, \"published_p50_us\": {:.0f}, "
            "\"received_per_s\": {:.0f}, \"received_cpu_us\": {:.3f}}}\n",
            all[0].per_second, all[0].cpu_us, all[0].p50_us, all[1].per_second, all[1].cpu_us);
    } catch (const std::exception& e) {
        fmt::print(stderr, "broker_load: {}\n", e.what());
        return 1;
    }
}
