// The queue on RabbitMQ: a linked queue with a rabbitmq link.
#include "queue/rabbitmq.hpp"
#include "queue/linked_queue.hpp"
#include "queue/rabbitmq_link.hpp"

namespace freshet {

std::unique_ptr<broker_queue> make_rabbitmq_queue(shard& back, const rabbitmq_options& options,
                                                  const queue_clock& clock) {
    return std::make_unique<linked_queue>(
        back, options, clock, [&](link_owner& owner) { return std::make_shared<rabbitmq_link>(back, options, owner); });
}

std::unique_ptr<broker_queue> make_rabbitmq_queue(shard& back, const rabbitmq_options& options) {
    static const real_clock clock;
    return make_rabbitmq_queue(back, options, clock);
}

}  // namespace freshet
