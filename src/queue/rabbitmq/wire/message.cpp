#include "queue/rabbitmq/wire/message.hpp"

#include <freshet/time.hpp>

#include "base/bytes.hpp"
#include "base/since_1970.hpp"
#include "base/whole_number.hpp"
#include "queue/broker/headers.hpp"
#include "queue/rabbitmq/wire/names.hpp"
#include "queue/rabbitmq/wire/origin.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

namespace freshet {

namespace {

constexpr std::size_t short_max = 255;  ///< bytes of a short string

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

bool is_change_type(std::string_view name, const amqp_field_value_t& v) noexcept {
    const bool text = v.kind == AMQP_FIELD_KIND_UTF8 || v.kind == AMQP_FIELD_KIND_BYTES;
    return name == event_type && text && from_amqp(v.value.bytes).starts_with(change_type_prefix);
}

/// Of seconds, which anybody may have written.
wall::time_point time_of_seconds(std::uint64_t timestamp) noexcept {
    constexpr std::uint64_t last = std::numeric_limits<std::int64_t>::max() / 1'000;
    return from_ms_since_1970(static_cast<std::int64_t>(std::min(timestamp, last)) * 1'000);
}

/// Of a number that anybody may have written.
unsigned sending_of(std::optional<std::int64_t> number) noexcept {
    return number && *number > 1 && std::in_range<unsigned>(*number) ? static_cast<unsigned>(*number) : 1;
}

std::string_view short_id(const message& m) noexcept { return std::string_view(m.id).substr(0, short_max); }

}  // namespace

rabbitmq_properties::rabbitmq_properties(std::string source, std::string user)
    : source_(std::move(source)), user_(std::move(user)) {}

void rabbitmq_properties::add(std::string_view name, std::string_view text) {
    amqp_field_value_t v{};
    v.kind = AMQP_FIELD_KIND_UTF8;
    v.value.bytes = to_amqp(text);
    add(name, v);
}

void rabbitmq_properties::add(std::string_view name, std::int64_t number) {
    amqp_field_value_t v{};
    v.kind = AMQP_FIELD_KIND_I64;
    v.value.i64 = number;
    add(name, v);
}

void rabbitmq_properties::add(std::string_view name, const amqp_field_value_t& value) {
    entries_.push_back({to_amqp(passive_name(name)), value});
}

/// One of the message's own.
void rabbitmq_properties::add_header(std::string_view name, std::string_view value) {
    if (same_name(name, content_type_name) && value.size() <= short_max) {
        properties_._flags |= AMQP_BASIC_CONTENT_TYPE_FLAG;
        properties_.content_type = to_amqp(value);
    } else if (name.size() <= short_max) {
        add(name, value);
    }
}

const amqp_basic_properties_t& rabbitmq_properties::make(const message& m, std::uint64_t serial, unsigned sending,
                                                         const death* died) {
    entries_.clear();
    properties_ = {};
    add(serial_header, static_cast<std::int64_t>(serial));
    if (sending > 1) add(sending_header, std::int64_t{sending});
    add_own_headers(m, died, [this](std::string_view name, const auto& value) { add(name, value); });
    if (const auto* const came = origin_.read(m.origin)) begin_as_it_came(*came, m, died);
    else begin_new(m, died);
    properties_._flags |= AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_HEADERS_FLAG;
    properties_.delivery_mode = 2;  // persistent
    properties_.headers = {static_cast<int>(entries_.size()), entries_.data()};
    return properties_;
}

void rabbitmq_properties::begin_new(const message& m, const death* died) {
    properties_._flags |= AMQP_BASIC_MESSAGE_ID_FLAG;
    properties_.message_id = to_amqp(short_id(m));  // a longer one is whole in its CloudEvents attribute
    add(event_version, "1.0");
    add(event_id, m.id);
    add(event_source, source_);
    type_ = type_of_event(m, died != nullptr);
    add(event_type, type_);
    if (m.time != wall::time_point{}) {
        properties_._flags |= AMQP_BASIC_TIMESTAMP_FLAG;
        properties_.timestamp = static_cast<std::uint64_t>(ms_since_1970(m.time) / 1'000);
        add(event_time, date_.tell(m.time));
    }
    if (!m.key.empty()) add(event_key, m.key);
    for (const auto& [name, value] : m.headers) {
        if (name != change_header || died != nullptr) add_header(name, value);
    }
}

/// Headers that a program has changed since are texts, as it says them now.
void rabbitmq_properties::begin_as_it_came(const amqp_basic_properties_t& came, const message& m, const death* died) {
    const message then = to_arrival(came, {}, false, 0).message;
    properties_ = came;
    std::size_t read = 0, kept = 0;  // how many of then's headers, and of the message's
    const auto is_kept = [&] {
        const bool same = kept < m.headers.size() && m.headers[kept] == then.headers[read];
        ++read;
        if (same) ++kept;
        return same;
    };
    if ((came._flags & AMQP_BASIC_CONTENT_TYPE_FLAG) != 0 && !is_kept())
        properties_._flags &= ~AMQP_BASIC_CONTENT_TYPE_FLAG;
    const bool same_id = then.id == m.id, same_key = then.key == m.key;
    each_header(came, [&](std::string_view name, const amqp_field_value_t& value) {
        if (is_written_anew(name)) return;
        if (is_change_type(name, value)) is_kept();  // it stands among the message's headers
        if (!same_id && name == event_id) return;
        if (!same_key && (name == key_header || name == event_key)) return;
        if (!visible_name(name) || is_kept()) add(name, value);
    });
    for (; kept < m.headers.size(); ++kept) add_header(m.headers[kept].first, m.headers[kept].second);
    if (!same_id) {
        properties_._flags |= AMQP_BASIC_MESSAGE_ID_FLAG;
        properties_.message_id = to_amqp(short_id(m));
        if (m.id.size() > short_max) add(event_id, m.id);
    }
    if (!same_key && !m.key.empty()) add(key_header, m.key);
    make_harmless(died);
}

/// What the broker would refuse, or act upon, is told in a header.
void rabbitmq_properties::make_harmless(const death* died) {
    if ((properties_._flags & AMQP_BASIC_USER_ID_FLAG) != 0 && from_amqp(properties_.user_id) != user_) {
        properties_._flags &= ~AMQP_BASIC_USER_ID_FLAG;
        add(user_header, from_amqp(properties_.user_id));
    }
    if (died != nullptr && (properties_._flags & AMQP_BASIC_EXPIRATION_FLAG) != 0) {
        properties_._flags &= ~AMQP_BASIC_EXPIRATION_FLAG;
        add(expiration_header, from_amqp(properties_.expiration));
    }
}

arrival to_arrival(const amqp_basic_properties_t& p, std::string_view raw, bool redelivered, delivery_tag tag) {
    arrival a;
    a.tag = tag;
    a.redelivered = redelivered;
    message& m = a.message;
    if ((p._flags & AMQP_BASIC_MESSAGE_ID_FLAG) != 0) m.id = from_amqp(p.message_id);
    if ((p._flags & AMQP_BASIC_TIMESTAMP_FLAG) != 0) m.time = time_of_seconds(p.timestamp);
    if ((p._flags & AMQP_BASIC_CONTENT_TYPE_FLAG) != 0)
        m.headers.emplace_back(content_type_name, from_amqp(p.content_type));
    std::string id_of_event, key_of_event;
    each_header(p, [&](std::string_view name, const amqp_field_value_t& value) {
        if (name == serial_header) a.serial = static_cast<std::uint64_t>(number_of(value).value_or(0));
        else if (name == sending_header) a.sending = sending_of(number_of(value));
        else if (is_change_type(name, value))
            m.headers.emplace_back(change_header, text_of(value).substr(change_type_prefix.size()));
        else if (name == key_header) m.key = text_of(value);
        else if (is_written_anew(name)) read_own_header(name, number_of(value), m);
        else if (name == event_time) m.time = parse_rfc3339(text_of(value)).value_or(m.time);
        else if (name == event_id) id_of_event = text_of(value);
        else if (name == event_key) key_of_event = text_of(value);
        else if (const auto known_as = visible_name(name)) m.headers.emplace_back(*known_as, text_of(value));
    });
    if (!id_of_event.empty()) m.id = std::move(id_of_event);
    if (m.key.empty()) m.key = std::move(key_of_event);
    m.origin = origin_of(p, raw);
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
