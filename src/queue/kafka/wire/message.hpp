// A message as Kafka's key, headers and value, and back.
#pragma once

#include <freshet/message.hpp>

#include "queue/broker/headers.hpp"
#include "queue/kafka/wire/origin.hpp"

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <string_view>
#include <vector>

namespace freshet {

/// What a message is published with, beside the bytes of key and value.
struct kafka_outfit {
    rd_kafka_headers_t* headers;  ///< the caller's
    std::int64_t timestamp;       ///< milliseconds since 1970; 0: that of the sending
    bool no_key{false};           ///< null
    bool no_value{false};
};
/// `source`: of the CloudEvents attributes; `died`: null for a message that lives. What came from Kafka goes as it
/// came, but for this project's own headers and what has been changed since.
kafka_outfit kafka_outfit_of(const message& m, std::string_view source, const death* died);
/// What the headers say of a message.
void read_kafka_headers(const std::vector<kafka_header>& from, message& to);
/// What came. What this project did not write is guessed as well as can be.
message from_kafka(const rd_kafka_message_t& m);

}  // namespace freshet
