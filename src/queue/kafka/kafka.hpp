// A queue on Kafka: broker/queue.hpp over a kafka_link.
#pragma once

#include <freshet/error.hpp>

#include "config/broker_options.hpp"
#include "queue/broker/remote_queue.hpp"
#include "shard/shard.hpp"

#include <memory>

namespace freshet {

struct queue_clock;

/// Or what is wrong with its properties.
result<std::unique_ptr<remote_queue>> make_kafka_queue(shard& back, const kafka_options& options);
/// With a time of its own, for tests. The clock lives longer than the queue.
result<std::unique_ptr<remote_queue>> make_kafka_queue(shard& back, const kafka_options& options,
                                                       const queue_clock& clock);

}  // namespace freshet
