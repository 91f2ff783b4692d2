// A message as Kafka's key, headers and value, and back.
#pragma once

#include <freshet/queue.hpp>

#include "queue/broker_link.hpp"

#include <librdkafka/rdkafka.h>

#include <string>
#include <string_view>

namespace freshet {

/// The headers are the caller's. `source`: of the CloudEvents attributes; `reason`: of a dead letter, else null.
rd_kafka_headers_t* kafka_headers(const message& m, std::string_view source, std::string_view queue,
                                  const std::string* reason);
/// What came. What this project did not write is guessed as well as can be.
message from_kafka(const rd_kafka_message_t& m);

}  // namespace freshet
