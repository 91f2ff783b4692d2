// The queue on Kafka with a time of its own, for tests.
#pragma once

#include <freshet/broker.hpp>

#include "queue/queue_clock.hpp"

#include <memory>

namespace freshet {

/// The clock outlives the queue.
result<std::unique_ptr<broker_queue>> make_kafka_queue(shard& back, const kafka_options& options,
                                                       const queue_clock& clock);

}  // namespace freshet
