// A queue on RabbitMQ: broker/queue.hpp over a rabbitmq_link.
#pragma once

#include "config/broker_options.hpp"
#include "queue/broker/remote_queue.hpp"
#include "shard/shard.hpp"

#include <memory>

namespace freshet {

struct queue_clock;

std::unique_ptr<remote_queue> make_rabbitmq_queue(shard& back, const rabbitmq_options& options);
/// With a time of its own, for tests. The clock lives longer than the queue.
std::unique_ptr<remote_queue> make_rabbitmq_queue(shard& back, const rabbitmq_options& options,
                                                  const queue_clock& clock);

}  // namespace freshet
