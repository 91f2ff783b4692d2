#include "queue/kafka/client.hpp"

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace freshet {

namespace {

struct property {
    std::string_view name, value;
};

/// What the promises rest on, of either role.
constexpr std::array promised{
    property{"bootstrap.servers", ""},
    property{"acks", "all"},
    property{"request.required.acks", ""},
    property{"enable.idempotence", "true"},
    property{"message.timeout.ms", ""},
    property{"delivery.timeout.ms", ""},
    property{"linger.ms", ""},
    property{"queue.buffering.max.ms", ""},
    property{"group.id", ""},
    property{"enable.auto.commit", "false"},
    property{"enable.auto.offset.store", "false"},
    property{"enable.partition.eof", "true"},
    property{"auto.offset.reset", "earliest"},
};

problem wrong(std::string sentence) { return {errc::wrong_config, effect::not_done, std::move(sentence)}; }

class configuration {
public:
    explicit configuration(const kafka_options& options) : options_(options), conf_(rd_kafka_conf_new()) {}

    void set(const std::string& name, const std::string& value) {
        std::array<char, 512> trouble{};
        if (rd_kafka_conf_set(conf_.get(), name.c_str(), value.c_str(), trouble.data(), trouble.size()) ==
            RD_KAFKA_CONF_OK)
            return;
        if (mistake_.empty()) mistake_ = fmt::format("queue {}: kafka.{}: {}", options_.name, name, trouble.data());
    }
    result<kafka_ptr<rd_kafka_conf_t>> take() {
        if (!mistake_.empty()) return wrong(mistake_);
        return std::move(conf_);
    }
    rd_kafka_conf_t* get() const noexcept { return conf_.get(); }

private:
    const kafka_options& options_;
    kafka_ptr<rd_kafka_conf_t> conf_;
    std::string mistake_{};
};

}  // namespace

result<kafka_ptr<rd_kafka_conf_t>> make_kafka_configuration(const kafka_options& options, kafka_role role) {
    for (const auto& [name, value] : options.properties) {
        const auto ours =
            std::find_if(promised.begin(), promised.end(), [&](const property& p) { return p.name == name; });
        if (ours != promised.end())
            return wrong(fmt::format("queue {}: kafka.{} cannot be set: what is promised of a queue rests on it",
                                     options.name, name));
    }
    configuration c(options);
    c.set("bootstrap.servers", options.servers);
    c.set("client.id", "freshet");
    c.set("socket.timeout.ms", "10000");
    c.set("reconnect.backoff.ms", std::to_string(options.reconnect_min.count()));
    c.set("reconnect.backoff.max.ms", std::to_string(options.reconnect_max.count()));
    c.set("log_level", "2");  // what matters comes as events
    if (role == kafka_role::producer) {
        c.set("acks", "all");
        c.set("enable.idempotence", "true");
        c.set("linger.ms", std::to_string(options.linger.count()));
        c.set("message.timeout.ms", std::to_string(options.publish_timeout.count()));
        c.set("message.max.bytes", "1000000000");  // the broker's limit counts
        c.set("partitioner", "murmur2_random");    // as Kafka's own clients
        rd_kafka_conf_set_events(c.get(), RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
    } else {
        c.set("group.id", options.group);
        c.set("enable.auto.commit", "false");
        c.set("enable.auto.offset.store", "false");
        c.set("auto.offset.reset", options.subscription == nullptr ? "earliest" : "error");
        c.set("session.timeout.ms", "6000");  // so long a crashed process keeps its partitions from others
        c.set("heartbeat.interval.ms", "1500");
        c.set("enable.partition.eof", "true");
        c.set("fetch.wait.max.ms", "100");
        // What librdkafka has fetched ahead is bounded by its own defaults: once there is so much (64 MiB), it fetches
        // nothing for up to a second, so that less is a limit to the rate.
        rd_kafka_conf_set_events(c.get(),
                                 RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_OFFSET_COMMIT);
    }
    for (const auto& [name, value] : options.properties) c.set(name, value);
    return c.take();
}

result<rd_kafka_t*> make_kafka_handle(const kafka_options& options, kafka_role role) {
    auto conf = make_kafka_configuration(options, role);
    if (!conf) return conf.error();
    std::array<char, 512> trouble{};
    rd_kafka_t* const made = rd_kafka_new(role == kafka_role::producer ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER,
                                          conf->get(), trouble.data(), trouble.size());
    if (made == nullptr) return wrong(fmt::format("queue {}: {}", options.name, trouble.data()));
    [[maybe_unused]] auto* const its_own_now = conf->release();
    return made;
}

kafka_events::kafka_events(boost::asio::io_context& context, kafka_ptr<rd_kafka_queue_t> queue, taker take,
                           std::function<void()> over)
    : queue_(std::move(queue)),
      take_(std::move(take)),
      over_(std::move(over)),
      event_(context, ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    const std::uint64_t one = 1;
    rd_kafka_queue_io_event_enable(queue_.get(), event_.native_handle(), &one, sizeof one);
    watch();
}

kafka_events::~kafka_events() {
    *alive_ = false;
    rd_kafka_queue_io_event_enable(queue_.get(), -1, nullptr, 0);
}

void kafka_events::watch() {
    event_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                      [this, alive = alive_](const boost::system::error_code& ec) {
                          if (ec || !*alive) return;
                          std::uint64_t rung = 0;
                          [[maybe_unused]] const ssize_t n = ::read(event_.native_handle(), &rung, sizeof rung);
                          drain();
                          if (*alive) watch();
                      });
}

void kafka_events::let_go() {
    if (!held_) return;
    held_ = false;
    boost::asio::post(event_.get_executor(), [this, alive = alive_] {
        if (*alive) drain();
    });
}

void kafka_events::drain() {
    const auto alive = alive_;
    bool any = false;
    while (*alive && !held_ && take_(*queue_)) any = true;
    if (any && *alive) over_();
}

}  // namespace freshet
