// The queue on RabbitMQ with a time of its own, for tests.
#pragma once

#include <freshet/broker.hpp>

#include "queue/queue_clock.hpp"

#include <memory>

namespace freshet {

/// The clock outlives the queue.
std::unique_ptr<broker_queue> make_rabbitmq_queue(shard& back, const rabbitmq_options& options,
                                                  const queue_clock& clock);

}  // namespace freshet
