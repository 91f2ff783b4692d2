// The queue on RabbitMQ: a linked queue with a rabbitmq link.
#include "queue/rabbitmq/rabbitmq.hpp"

#include "queue/broker/queue.hpp"
#include "queue/queue_clock.hpp"
#include "queue/rabbitmq/link.hpp"

namespace freshet {

std::unique_ptr<remote_queue> make_rabbitmq_queue(shard& back, const rabbitmq_options& options,
                                                  const queue_clock& clock) {
    return std::make_unique<broker_queue>(
        back, options, clock, [&](link_owner& owner) { return std::make_shared<rabbitmq_link>(back, options, owner); });
}

std::unique_ptr<remote_queue> make_rabbitmq_queue(shard& back, const rabbitmq_options& options) {
    static const real_clock clock;
    return make_rabbitmq_queue(back, options, clock);
}

}  // namespace freshet
