#include "queue/rabbitmq/message.hpp"

#include <freshet/time.hpp>

#include "base/bytes.hpp"
#include "queue/broker/headers.hpp"

#include <fmt/format.h>

#include <charconv>
#include <utility>

namespace freshet {

namespace {

constexpr std::string_view serial_header = "freshet-serial";
constexpr std::string_view key_header = "freshet-key";
constexpr std::string_view content_type = "Content-Type";
constexpr std::string_view cloud_events = "cloudEvents_";

bool is_whole_number(const amqp_field_value_t& v, std::int64_t& n) noexcept {
    switch (v.kind) {
        case AMQP_FIELD_KIND_BOOLEAN: n = v.value.boolean; return true;
        case AMQP_FIELD_KIND_I8: n = v.value.i8; return true;
        case AMQP_FIELD_KIND_U8: n = v.value.u8; return true;
        case AMQP_FIELD_KIND_I16: n = v.value.i16; return true;
        case AMQP_FIELD_KIND_U16: n = v.value.u16; return true;
        case AMQP_FIELD_KIND_I32: n = v.value.i32; return true;
        case AMQP_FIELD_KIND_U32: n = v.value.u32; return true;
        case AMQP_FIELD_KIND_I64: n = v.value.i64; return true;
        case AMQP_FIELD_KIND_U64:
        case AMQP_FIELD_KIND_TIMESTAMP: n = static_cast<std::int64_t>(v.value.u64); return true;
        case AMQP_FIELD_KIND_UTF8:
        case AMQP_FIELD_KIND_BYTES: {
            const std::string_view text = from_amqp(v.value.bytes);
            return std::from_chars(text.data(), text.data() + text.size(), n).ptr == text.data() + text.size() &&
                   !text.empty();
        }
        default: return false;
    }
}

/// Empty: it has no text.
std::string text_of(const amqp_field_value_t& v) {
    if (v.kind == AMQP_FIELD_KIND_UTF8 || v.kind == AMQP_FIELD_KIND_BYTES) return std::string(from_amqp(v.value.bytes));
    if (v.kind == AMQP_FIELD_KIND_BOOLEAN) return v.value.boolean ? "true" : "false";
    if (v.kind == AMQP_FIELD_KIND_F64) return fmt::format("{}", v.value.f64);
    if (v.kind == AMQP_FIELD_KIND_F32) return fmt::format("{}", v.value.f32);
    std::int64_t n = 0;
    return is_whole_number(v, n) ? std::to_string(n) : std::string();
}

template <class Take>
void each_header(const amqp_basic_properties_t& p, Take take) {
    if ((p._flags & AMQP_BASIC_HEADERS_FLAG) == 0) return;
    for (int i = 0; i < p.headers.num_entries; ++i)
        take(from_amqp(p.headers.entries[i].key), p.headers.entries[i].value);
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
    if (m.flags != 0) add(flags_header, std::int64_t{m.flags});
    if (m.attempt != 0) add(attempt_header, std::int64_t{m.attempt});
    if (m.not_before != wall::time_point{}) add(not_before_header, ms_since_1970(m.not_before));
    if (m.expires != wall::time_point{}) add(expires_header, ms_since_1970(m.expires));
    if (died != nullptr) {
        add(queue_header, died->queue);
        add(reason_header, died->reason);
    }
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
    if ((p._flags & AMQP_BASIC_TIMESTAMP_FLAG) != 0) m.time = date_of(static_cast<std::int64_t>(p.timestamp) * 1'000);
    if ((p._flags & AMQP_BASIC_CONTENT_TYPE_FLAG) != 0) m.headers.emplace_back(content_type, from_amqp(p.content_type));
    std::string event_id, event_key;
    each_header(p, [&](std::string_view name, const amqp_field_value_t& value) {
        std::int64_t n = 0;
        const bool number = is_whole_number(value, n);
        if (name == serial_header && number) a.serial = static_cast<std::uint64_t>(n);
        else if (name == key_header) m.key = text_of(value);
        else if (name == flags_header && number) m.flags = static_cast<std::uint32_t>(n);
        else if (name == attempt_header && number) m.attempt = static_cast<unsigned>(n);
        else if (name == not_before_header && number) m.not_before = date_of(n);
        else if (name == expires_header && number) m.expires = date_of(n);
        else if (name == "cloudEvents_time") m.time = parse_rfc3339(text_of(value)).value_or(m.time);
        else if (name == "cloudEvents_id") event_id = text_of(value);
        else if (name == "cloudEvents_partitionkey") event_key = text_of(value);
        else if (!name.starts_with(own_headers) && !name.starts_with(cloud_events))
            m.headers.emplace_back(name, text_of(value));
    });
    if (!event_id.empty()) m.id = std::move(event_id);
    if (m.key.empty()) m.key = std::move(event_key);
    return a;
}

std::uint64_t serial_of(const amqp_basic_properties_t& p) {
    std::int64_t serial = 0;
    each_header(p, [&](std::string_view name, const amqp_field_value_t& value) {
        if (name == serial_header) is_whole_number(value, serial);
    });
    return static_cast<std::uint64_t>(serial);
}

}  // namespace freshet
