// librdkafka's handles, and its queues on an eventfd that Asio watches. Own thread only.
#pragma once

#include <freshet/error.hpp>

#include "config/broker_options.hpp"

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
    void operator()(rd_kafka_message_t* m) const noexcept { rd_kafka_message_destroy(m); }
    void operator()(rd_kafka_topic_t* t) const noexcept { rd_kafka_topic_destroy(t); }
    void operator()(rd_kafka_topic_partition_list_t* l) const noexcept { rd_kafka_topic_partition_list_destroy(l); }
    void operator()(const rd_kafka_group_list* g) const noexcept { rd_kafka_group_list_destroy(g); }
    void operator()(const rd_kafka_metadata_t* m) const noexcept { rd_kafka_metadata_destroy(m); }
};
template <class T>
using kafka_ptr = std::unique_ptr<T, kafka_deleter>;

enum class kafka_role : std::uint8_t { producer, consumer };

/// A configuration, with the promises' own properties in it; or what is wrong with the file's.
result<kafka_ptr<rd_kafka_conf_t>> make_kafka_configuration(const kafka_options& options, kafka_role role);
result<rd_kafka_t*> make_kafka_handle(const kafka_options& options, kafka_role role);

/// A queue of librdkafka's, watched.
class kafka_events {
public:
    /// Takes some of what is there; false: nothing was.
    using taker = std::function<bool(rd_kafka_queue_t&)>;
    /// `over` is called behind all that was taken at once.
    kafka_events(boost::asio::io_context& context, kafka_ptr<rd_kafka_queue_t> queue, taker take,
                 std::function<void()> over);
    ~kafka_events();
    kafka_events(const kafka_events&) = delete;
    kafka_events& operator=(const kafka_events&) = delete;

    rd_kafka_queue_t* queue() const noexcept { return queue_.get(); }
    /// What is there is taken now, unless it is held.
    void drain();
    /// Nothing is taken until it is let go, and then soon.
    void hold() noexcept { held_ = true; }
    void let_go();

private:
    void watch();

    kafka_ptr<rd_kafka_queue_t> queue_;
    taker take_;
    std::function<void()> over_;
    boost::asio::posix::stream_descriptor event_;
    std::shared_ptr<bool> alive_{std::make_shared<bool>(true)};
    bool held_{false};
};

}  // namespace freshet
