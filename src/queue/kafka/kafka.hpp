// A queue on Kafka: broker/queue.hpp over a kafka_link.
#pragma once

#include <freshet/error.hpp>

#include "config/broker_options.hpp"
#include "queue/broker/remote_queue.hpp"
#include "shard/shard.hpp"

#include <memory>
#include <string>

namespace freshet {

struct queue_clock;

/// What make_kafka_queue() would say of its properties, or an empty text. No broker is asked.
std::string wrong_kafka_queue(const kafka_options& options);
/// Or what is wrong with its properties.
result<std::unique_ptr<remote_queue>> make_kafka_queue(shard& back, const kafka_options& options);
/// With a time of its own, for tests. The clock lives longer than the queue.
result<std::unique_ptr<remote_queue>> make_kafka_queue(shard& back, const kafka_options& options,
                                                       const queue_clock& clock);

}  // namespace freshet
