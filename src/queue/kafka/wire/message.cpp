#include "queue/kafka/wire/message.hpp"

#include <freshet/error.hpp>
#include <freshet/time.hpp>

#include "base/rfc3339.hpp"
#include "base/since_1970.hpp"
#include "base/whole_number.hpp"
#include "queue/broker/headers.hpp"
#include "queue/kafka/wire/names.hpp"

#include <fmt/format.h>

#include <charconv>

namespace freshet {

namespace {

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

void add(rd_kafka_headers_t* to, const kafka_header& h) {
    if (h.value) return add(to, h.name, *h.value);
    rd_kafka_header_add(to, h.name.data(), static_cast<ssize_t>(h.name.size()), nullptr, 0);
}

bool is_change_type(const kafka_header& h) noexcept {
    return h.name == type_header && h.value && h.value->starts_with(change_type_prefix);
}

/// Those that a message has among its headers.
bool is_visible(std::string_view name) noexcept {
    return is_change_header(name) || (!name.starts_with(own_headers) && !name.starts_with(event_prefix));
}

void add_new(rd_kafka_headers_t* to, const message& m, std::string_view source, bool is_new, bool died) {
    static thread_local rfc3339 date;
    add(to, version_header, "1.0");
    add(to, id_header, m.id);
    add(to, source_header, source);
    add(to, type_header, type_of_event(m, died));
    if (!is_new) add(to, time_header, date.tell(m.time));
    for (const auto& [name, value] : m.headers) {
        if (name != change_header || died) add(to, name, value);
    }
}

/// Headers that a program has changed since are as they are now.
void add_as_they_came(rd_kafka_headers_t* to, const kafka_came& came, const message& m, bool is_new) {
    static thread_local rfc3339 date;
    message then;
    read_kafka_headers(came.headers, then);
    const bool same_id = then.id == m.id, has_time = then.time != wall::time_point{};
    std::size_t kept = 0;  // of the message's headers
    for (const kafka_header& h : came.headers) {
        if (is_written_anew(h.name) || (!same_id && h.name == id_header)) continue;
        if (is_change_type(h) && kept < m.headers.size() && m.headers[kept].first == change_header) ++kept;
        if (is_visible(h.name)) {
            const bool is_kept = kept < m.headers.size() && m.headers[kept].first == h.name &&
                                 m.headers[kept].second == h.value.value_or(std::string_view());
            if (!is_kept) continue;
            ++kept;
        }
        add(to, h);
    }
    for (; kept < m.headers.size(); ++kept) add(to, m.headers[kept].first, m.headers[kept].second);
    if (!same_id) add(to, id_header, m.id);
    if (!is_new && !has_time) add(to, time_header, date.tell(m.time));
}

}  // namespace

kafka_outfit kafka_outfit_of(const message& m, std::string_view source, const death* died) {
    const bool is_new = std::chrono::abs(wall::now() - m.time) < new_for;
    kafka_outfit made{rd_kafka_headers_new(usual_headers + m.headers.size()), is_new ? ms_since_1970(m.time) : 0};
    const auto came = read_kafka_origin(m.origin);
    if (came) add_as_they_came(made.headers, *came, m, is_new);
    else add_new(made.headers, m, source, is_new, died != nullptr);
    add_own_headers(m, died, [&](std::string_view name, const auto& value) { add(made.headers, name, value); });
    made.no_key = m.key.empty() && !(came && came->empty_key);
    made.no_value = m.body.empty() && came && came->no_value;
    return made;
}

void read_kafka_headers(const std::vector<kafka_header>& from, message& to) {
    for (const kafka_header& h : from) {
        const std::string_view value = h.value.value_or(std::string_view());
        if (h.name == id_header && !value.empty()) to.id = value;
        else if (h.name == time_header) to.time = parse_rfc3339(value).value_or(to.time);
        else if (is_change_type(h)) to.headers.emplace_back(change_header, value.substr(change_type_prefix.size()));
        else if (is_written_anew(h.name)) read_own_header(h.name, whole_number<std::int64_t>(value), to);
        else if (is_visible(h.name)) to.headers.emplace_back(h.name, value);
    }
}

message from_kafka(const rd_kafka_message_t& from) {
    message m;
    m.key.assign(static_cast<const char*>(from.key), from.key_len);
    m.body.assign(static_cast<const char*>(from.payload), from.len);
    rd_kafka_timestamp_type_t kind;
    if (const std::int64_t time = rd_kafka_message_timestamp(&from, &kind); time > 0) m.time = from_ms_since_1970(time);
    static thread_local kafka_came came;  // keeps its memory
    came.empty_key = from.key != nullptr && from.key_len == 0;
    came.no_value = from.payload == nullptr;
    came.headers.clear();
    rd_kafka_headers_t* headers = nullptr;
    if (rd_kafka_message_headers(&from, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) take_headers(*headers, came.headers);
    read_kafka_headers(came.headers, m);
    m.origin = kafka_origin_of(came);
    if (m.id.empty()) m.id = fmt::format("{}-{}", from.partition, from.offset);
    return m;
}

}  // namespace freshet
