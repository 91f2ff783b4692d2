#include <freshet/broker.hpp>
namespace freshet {
result<std::unique_ptr<broker_queue>> make_kafka_queue(shard&, const kafka_options&) {
    return problem{errc::wrong_config, effect::not_done, "Kafka is not in this version"};
}
}  // namespace freshet
