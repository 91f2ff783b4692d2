// The headers of an AMQP message: their names, and how they are walked through.
#pragma once

#include "queue/broker/headers.hpp"
#include "queue/rabbitmq/wire/amqp_wire.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string_view>

namespace freshet {

constexpr std::string_view key_header = "freshet-key";
constexpr std::string_view expiration_header = "freshet-expiration";  ///< of a dead letter, which waits for ever
constexpr std::string_view user_header = "freshet-user-id";           ///< of a message that somebody else had published
constexpr std::string_view content_type_name = "Content-Type";
constexpr std::string_view cloud_events = "cloudEvents_";
constexpr std::string_view event_id = "cloudEvents_id";
constexpr std::string_view event_key = "cloudEvents_partitionkey";
constexpr std::string_view event_time = "cloudEvents_time";
constexpr std::string_view event_type = "cloudEvents_type";
constexpr std::string_view event_source = "cloudEvents_source";
constexpr std::string_view event_version = "cloudEvents_specversion";

/// Of what this project publishes.
inline bool is_own_attribute(std::string_view name) noexcept {
    constexpr std::string_view all[] = {event_version, event_id, event_source, event_type, event_time, event_key};
    return name.starts_with(cloud_events) && std::find(std::begin(all), std::end(all), name) != std::end(all);
}

// RabbitMQ takes a message to the queues that its headers CC and BCC name, and closes the channel where they are no
// lists: in what is published here they have other names.
constexpr std::string_view cc = "CC", bcc = "BCC", passive_cc = "freshet-CC", passive_bcc = "freshet-BCC";

/// What a header is called in what is published.
inline std::string_view passive_name(std::string_view name) noexcept {
    if (name == cc) return passive_cc;
    return name == bcc ? passive_bcc : name;
}
/// What a header is called in a message; none: a message does not have it among its headers.
inline std::optional<std::string_view> visible_name(std::string_view name) noexcept {
    if (name == passive_cc) return cc;
    if (name == passive_bcc) return bcc;
    if (is_change_header(name)) return name;
    if (name.starts_with(own_headers) || name.starts_with(cloud_events)) return std::nullopt;
    return name;
}

inline bool same_name(std::string_view a, std::string_view b) noexcept {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

/// Calls `take(name, value)` for each.
template <class Take>
void each_header(const amqp_basic_properties_t& p, Take take) {
    if ((p._flags & AMQP_BASIC_HEADERS_FLAG) == 0) return;
    for (int i = 0; i < p.headers.num_entries; ++i)
        take(from_amqp(p.headers.entries[i].key), p.headers.entries[i].value);
}

}  // namespace freshet
