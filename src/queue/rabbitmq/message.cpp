#include "queue/rabbitmq/message.hpp"

#include <freshet/time.hpp>

#include "base/bytes.hpp"
#include "base/since_1970.hpp"
#include "base/whole_number.hpp"
#include "queue/broker/headers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

namespace freshet {

namespace {

constexpr std::string_view serial_header = "freshet-serial";
constexpr std::string_view key_header = "freshet-key";
constexpr std::string_view content_type = "Content-Type";
constexpr std::string_view cloud_events = "cloudEvents_";

std::optional<std::int64_t> number_of(const amqp_field_value_t& v) noexcept {
    switch (v.kind) {
        case AMQP_FIELD_KIND_BOOLEAN: return v.value.boolean;
        case AMQP_FIELD_KIND_I8: return v.value.i8;
        case AMQP_FIELD_KIND_U8: return v.value.u8;
        case AMQP_FIELD_KIND_I16: return v.value.i16;
        case AMQP_FIELD_KIND_U16: return v.value.u16;
        case AMQP_FIELD_KIND_I32: return v.value.i32;
        case AMQP_FIELD_KIND_U32: return v.value.u32;
        case AMQP_FIELD_KIND_I64: return v.value.i64;
        case AMQP_FIELD_KIND_U64:
        case AMQP_FIELD_KIND_TIMESTAMP: return static_cast<std::int64_t>(v.value.u64);
        case AMQP_FIELD_KIND_UTF8:
        case AMQP_FIELD_KIND_BYTES: return whole_number<std::int64_t>(from_amqp(v.value.bytes));
        default: return std::nullopt;
    }
}

/// Empty: it has no text.
std::string text_of(const amqp_field_value_t& v) {
    if (v.kind == AMQP_FIELD_KIND_UTF8 || v.kind == AMQP_FIELD_KIND_BYTES) return std::string(from_amqp(v.value.bytes));
    if (v.kind == AMQP_FIELD_KIND_BOOLEAN) return v.value.boolean ? "true" : "false";
    if (v.kind == AMQP_FIELD_KIND_F64) return fmt::format("{}", v.value.f64);
    if (v.kind == AMQP_FIELD_KIND_F32) return fmt::format("{}", v.value.f32);
    const auto n = number_of(v);
    return n ? std::to_string(*n) : std::string();
}

template <class Take>
void each_header(const amqp_basic_properties_t& p, Take take) {
    if ((p._flags & AMQP_BASIC_HEADERS_FLAG) == 0) return;
    for (int i = 0; i < p.headers.num_entries; ++i)
        take(from_amqp(p.headers.entries[i].key), p.headers.entries[i].value);
}

/// Of seconds, which anybody may have written.
wall::time_point time_of(std::uint64_t timestamp) noexcept {
    constexpr std::uint64_t last = std::numeric_limits<std::int64_t>::max() / 1'000;
    return from_ms_since_1970(static_cast<std::int64_t>(std::min(timestamp, last)) * 1'000);
}

bool same_name(std::string_view a, std::string_view b) noexcept {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; };
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (lower(a[i]) != lower(b[i])) return false;
    }
    return true;
}

}  // namespace

rabbitmq_properties::rabbitmq_properties(std::string source) : source_(std::move(source)) {}

void rabbitmq_properties::add(std::string_view name, std::string_view text) {
    amqp_table_entry_t& e = entries_.emplace_back();
    e.key = to_amqp(name);
    e.value.kind = AMQP_FIELD_KIND_UTF8;
    e.value.value.bytes = to_amqp(text);
}

void rabbitmq_properties::add(std::string_view name, std::int64_t number) {
    amqp_table_entry_t& e = entries_.emplace_back();
    e.key = to_amqp(name);
    e.value.kind = AMQP_FIELD_KIND_I64;
    e.value.value.i64 = number;
}

const amqp_basic_properties_t& rabbitmq_properties::make(const message& m, std::uint64_t serial, const death* died) {
    entries_.clear();
    properties_ = {};
    properties_._flags = AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_MESSAGE_ID_FLAG | AMQP_BASIC_TIMESTAMP_FLAG |
                         AMQP_BASIC_HEADERS_FLAG;
    properties_.delivery_mode = 2;  // persistent
    // A short string has 255 bytes; a longer id stands in its CloudEvents attribute alone.
    constexpr std::size_t short_max = 255;
    properties_.message_id = to_amqp(std::string_view(m.id).substr(0, short_max));
    properties_.timestamp = static_cast<std::uint64_t>(ms_since_1970(m.time) / 1'000);
    add(serial_header, static_cast<std::int64_t>(serial));
    add_own_headers(m, died, [this](std::string_view name, const auto& value) { add(name, value); });
    add("cloudEvents_specversion", "1.0");
    add("cloudEvents_id", m.id);
    add("cloudEvents_source", source_);
    add("cloudEvents_type", died != nullptr ? "freshet.dead_letter" : "freshet.message");
    add("cloudEvents_time", date_.tell(m.time));
    if (!m.key.empty()) add("cloudEvents_partitionkey", m.key);
    for (const auto& [name, value] : m.headers) {
        if (same_name(name, content_type) && value.size() <= short_max) {
            properties_._flags |= AMQP_BASIC_CONTENT_TYPE_FLAG;
            properties_.content_type = to_amqp(value);
        } else if (name.size() <= short_max) {
            add(name, value);
        }
    }
    properties_.headers = {static_cast<int>(entries_.size()), entries_.data()};
    return properties_;
}

arrival to_arrival(const amqp_basic_properties_t& p, bool redelivered, delivery_tag tag) {
    arrival a;
    a.tag = tag;
    a.redelivered = redelivered;
    message& m = a.message;
    if ((p._flags & AMQP_BASIC_MESSAGE_ID_FLAG) != 0) m.id = from_amqp(p.message_id);
    if ((p._flags & AMQP_BASIC_TIMESTAMP_FLAG) != 0) m.time = time_of(p.timestamp);
    if ((p._flags & AMQP_BASIC_CONTENT_TYPE_FLAG) != 0) m.headers.emplace_back(content_type, from_amqp(p.content_type));
    std::string event_id, event_key;
    each_header(p, [&](std::string_view name, const amqp_field_value_t& value) {
        if (name == serial_header) a.serial = static_cast<std::uint64_t>(number_of(value).value_or(0));
        else if (name == key_header) m.key = text_of(value);
        else if (name.starts_with(own_headers)) read_own_header(name, number_of(value), m);
        else if (name == "cloudEvents_time") m.time = parse_rfc3339(text_of(value)).value_or(m.time);
        else if (name == "cloudEvents_id") event_id = text_of(value);
        else if (name == "cloudEvents_partitionkey") event_key = text_of(value);
        else if (!name.starts_with(cloud_events)) m.headers.emplace_back(name, text_of(value));
    });
    if (!event_id.empty()) m.id = std::move(event_id);
    if (m.key.empty()) m.key = std::move(event_key);
    return a;
}

std::uint64_t serial_of(const amqp_basic_properties_t& p) {
    std::int64_t serial = 0;
    each_header(p, [&](std::string_view name, const amqp_field_value_t& value) {
        if (name == serial_header) serial = number_of(value).value_or(0);
    });
    return static_cast<std::uint64_t>(serial);
}

}  // namespace freshet
