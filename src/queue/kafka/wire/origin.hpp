// message::origin of a message from Kafka: its headers as they came, where the message itself cannot hold all that they
// say.
#pragma once

#include <librdkafka/rdkafka.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace freshet {

struct kafka_header {
    std::string_view name;
    std::optional<std::string_view> value;  ///< none: null
};

/// What came beside the bytes of key and value. The views are into what it was read from.
struct kafka_came {
    bool empty_key{false};  ///< there is a key, of no bytes
    bool no_value{false};   ///< a tombstone
    std::vector<kafka_header> headers{};
};

/// All headers, in their order, in the place of those that are there.
void take_headers(const rd_kafka_headers_t& from, std::vector<kafka_header>& to);
/// Empty: a message holds all of it.
std::string kafka_origin_of(const kafka_came& came);
/// Nothing: it has another broker's form, or is none.
std::optional<kafka_came> read_kafka_origin(std::string_view origin);

}  // namespace freshet
