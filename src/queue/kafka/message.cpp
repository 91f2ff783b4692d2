#include "queue/kafka/message.hpp"

#include <freshet/error.hpp>
#include <freshet/time.hpp>

#include "base/rfc3339.hpp"
#include "base/since_1970.hpp"
#include "base/whole_number.hpp"
#include "queue/broker/headers.hpp"

#include <fmt/format.h>

#include <charconv>

namespace freshet {

namespace {

constexpr std::string_view cloud_events = "ce_";
constexpr std::size_t usual_headers = 6;  ///< beside the message's own: room for so many is taken at once
/// So old a message may be and have its time as Kafka's timestamp. An older one has it in a header: brokers delete by
/// the timestamp, and may refuse one that is not near.
constexpr seconds new_for{1};

void add(rd_kafka_headers_t* to, std::string_view name, std::string_view text) {
    rd_kafka_header_add(to, name.data(), static_cast<ssize_t>(name.size()), text.data(),
                        static_cast<ssize_t>(text.size()));
}

void add(rd_kafka_headers_t* to, std::string_view name, std::int64_t number) {
    char text[24];
    const auto end = std::to_chars(text, text + sizeof text, number).ptr;
    add(to, name, std::string_view(text, static_cast<std::size_t>(end - text)));
}

}  // namespace

kafka_outfit kafka_outfit_of(const message& m, std::string_view source, std::string_view queue,
                             const std::string_view* reason) {
    static thread_local rfc3339 date;
    const bool is_new = std::chrono::abs(wall::now() - m.time) < new_for;
    rd_kafka_headers_t* const to = rd_kafka_headers_new(usual_headers + m.headers.size());
    add(to, "ce_specversion", "1.0");
    add(to, "ce_id", m.id);
    add(to, "ce_source", source);
    add(to, "ce_type", reason != nullptr ? "freshet.dead_letter" : "freshet.message");
    if (!is_new) add(to, "ce_time", date.tell(m.time));
    const death died{queue, reason != nullptr ? *reason : std::string_view()};
    add_own_headers(m, reason != nullptr ? &died : nullptr,
                    [to](std::string_view name, const auto& value) { add(to, name, value); });
    for (const auto& [name, value] : m.headers) add(to, name, value);
    return {to, is_new ? ms_since_1970(m.time) : 0};
}

void read_kafka_headers(const rd_kafka_headers_t& from, message& to) {
    const char* name_there = nullptr;
    const void* value_there = nullptr;
    std::size_t size = 0;
    for (std::size_t i = 0;
         rd_kafka_header_get_all(&from, i, &name_there, &value_there, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
        const std::string_view name(name_there), value(static_cast<const char*>(value_there), size);
        if (name == "ce_id" && !value.empty()) to.id = value;
        else if (name == "ce_time") to.time = parse_rfc3339(value).value_or(to.time);
        else if (name.starts_with(own_headers)) read_own_header(name, whole_number<std::int64_t>(value), to);
        else if (!name.starts_with(cloud_events)) to.headers.emplace_back(name, value);
    }
}

message from_kafka(const rd_kafka_message_t& from) {
    message m;
    m.key.assign(static_cast<const char*>(from.key), from.key_len);
    m.body.assign(static_cast<const char*>(from.payload), from.len);
    rd_kafka_timestamp_type_t kind;
    if (const std::int64_t time = rd_kafka_message_timestamp(&from, &kind); time > 0) m.time = from_ms_since_1970(time);
    rd_kafka_headers_t* headers = nullptr;
    if (rd_kafka_message_headers(&from, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) read_kafka_headers(*headers, m);
    if (m.id.empty()) m.id = fmt::format("{}-{}", from.partition, from.offset);
    return m;
}

}  // namespace freshet
