// The queue on Kafka: a linked queue with a kafka link.

#include "queue/kafka/kafka.hpp"

#include "queue/broker/prefetch_window.hpp"
#include "queue/broker/queue.hpp"
#include "queue/kafka/link.hpp"
#include "queue/queue_clock.hpp"

namespace freshet {

std::string wrong_kafka_queue(const kafka_options& options) {
    kafka_options alone = options;
    alone.servers.clear();
    for (const kafka_role role : {kafka_role::producer, kafka_role::consumer}) {
        const auto handle = make_kafka_handle(alone, role);
        if (!handle) return handle.error().text;
        rd_kafka_destroy_flags(*handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    }
    return {};
}

result<std::unique_ptr<remote_queue>> make_kafka_queue(shard& back, const kafka_options& asked,
                                                       const queue_clock& clock) {
    kafka_options options = asked;
    if (options.prefetch == 0) options.prefetch = prefetch_window::by_need_max;  // partitions are shared, not messages
    const auto producer = make_kafka_handle(options, kafka_role::producer);
    if (!producer) return producer.error();
    const auto consumer = make_kafka_handle(options, kafka_role::consumer);
    if (!consumer) {
        rd_kafka_destroy(*producer);
        return consumer.error();
    }
    return std::unique_ptr<remote_queue>(std::make_unique<broker_queue>(back, options, clock, [&](link_owner& owner) {
        return std::make_shared<kafka_link>(back, options, owner, *producer, *consumer);
    }));
}

result<std::unique_ptr<remote_queue>> make_kafka_queue(shard& back, const kafka_options& options) {
    static const real_clock clock;
    return make_kafka_queue(back, options, clock);
}

}  // namespace freshet
