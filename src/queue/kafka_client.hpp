// librdkafka's handles, and its events on an eventfd that Asio watches. Own thread only.
#pragma once

#include <freshet/broker.hpp>

#include <librdkafka/rdkafka.h>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <functional>
#include <memory>
#include <string>

namespace freshet {

struct kafka_deleter {
    void operator()(rd_kafka_conf_t* c) const noexcept { rd_kafka_conf_destroy(c); }
    void operator()(rd_kafka_queue_t* q) const noexcept { rd_kafka_queue_destroy(q); }
    void operator()(rd_kafka_event_t* e) const noexcept { rd_kafka_event_destroy(e); }
    void operator()(rd_kafka_topic_t* t) const noexcept { rd_kafka_topic_destroy(t); }
    void operator()(rd_kafka_topic_partition_list_t* l) const noexcept { rd_kafka_topic_partition_list_destroy(l); }
    void operator()(rd_kafka_topic_partition_t* p) const noexcept { rd_kafka_topic_partition_destroy(p); }
    void operator()(const rd_kafka_group_list* g) const noexcept { rd_kafka_group_list_destroy(g); }
    void operator()(const rd_kafka_metadata_t* m) const noexcept { rd_kafka_metadata_destroy(m); }
};
template <class T>
using kafka_ptr = std::unique_ptr<T, kafka_deleter>;

enum class kafka_role : std::uint8_t { producer, consumer };

/// A configuration, with the promises' own properties in it; or what is wrong with the file's.
result<kafka_ptr<rd_kafka_conf_t>> make_kafka_configuration(const kafka_options& options, kafka_role role);
result<rd_kafka_t*> make_kafka_handle(const kafka_options& options, kafka_role role);

/// Tells each event of a queue of librdkafka's, as they come.
class kafka_events {
public:
    using teller = std::function<void(rd_kafka_event_t&)>;
    /// `over` is called behind one or more events.
    kafka_events(boost::asio::io_context& context, kafka_ptr<rd_kafka_queue_t> queue, teller tell,
                 std::function<void()> over);
    ~kafka_events();

    /// What is there is told now, unless it is held.
    void drain();
    /// Nothing is told until it is let go, and then soon.
    void hold() noexcept { held_ = true; }
    void let_go();

private:
    void watch();

    kafka_ptr<rd_kafka_queue_t> queue_;
    teller tell_;
    std::function<void()> over_;
    boost::asio::posix::stream_descriptor bell_;
    std::shared_ptr<bool> alive_{std::make_shared<bool>(true)};
    bool held_{false};
};

}  // namespace freshet
