// A message as Kafka's key, headers and value, and back.
#pragma once

#include <freshet/message.hpp>

#include "queue/broker/link.hpp"

#include <librdkafka/rdkafka.h>

#include <string>
#include <string_view>

namespace freshet {

/// What a message is published with, beside key and body.
struct kafka_outfit {
    rd_kafka_headers_t* headers;  ///< the caller's
    std::int64_t timestamp;       ///< milliseconds since 1970; 0: that of the sending
};
/// `source`: of the CloudEvents attributes; `reason`: of a dead letter, else null.
kafka_outfit kafka_outfit_of(const message& m, std::string_view source, std::string_view queue,
                             const std::string_view* reason);
/// What the headers say of a message.
void read_kafka_headers(const rd_kafka_headers_t& from, message& to);
/// What came. What this project did not write is guessed as well as can be.
message from_kafka(const rd_kafka_message_t& m);

}  // namespace freshet
