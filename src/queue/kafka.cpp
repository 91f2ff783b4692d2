// The queue on Kafka: a linked queue with a kafka link.
#include "queue/kafka.hpp"

#include "queue/kafka_link.hpp"
#include "queue/linked_queue.hpp"

namespace freshet {

result<std::unique_ptr<broker_queue>> make_kafka_queue(shard& back, const kafka_options& options,
                                                       const queue_clock& clock) {
    const auto producer = make_kafka_handle(options, kafka_role::producer);
    if (!producer) return producer.error();
    const auto consumer = make_kafka_handle(options, kafka_role::consumer);
    if (!consumer) {
        rd_kafka_destroy(*producer);
        return consumer.error();
    }
    return std::unique_ptr<broker_queue>(std::make_unique<linked_queue>(back, options, clock, [&](link_owner& owner) {
        return std::make_shared<kafka_link>(back, options, owner, *producer, *consumer);
    }));
}

result<std::unique_ptr<broker_queue>> make_kafka_queue(shard& back, const kafka_options& options) {
    static const real_clock clock;
    return make_kafka_queue(back, options, clock);
}

}  // namespace freshet
