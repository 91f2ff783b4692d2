// What stands in a message's headers on every broker, beside its ecosystem's own places: names, and how they are
// written and read.
#pragma once

#include <freshet/message.hpp>
#include <freshet/time.hpp>

#include "base/since_1970.hpp"
#include "version/change_message.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace freshet {

constexpr std::string_view own_headers = "freshet-";  ///< what all of these begin with
constexpr std::string_view flags_header = "freshet-flags";
constexpr std::string_view attempt_header = "freshet-attempt";        ///< attempts that are used up
constexpr std::string_view not_before_header = "freshet-not-before";  ///< milliseconds since 1970
constexpr std::string_view expires_header = "freshet-expires";        ///< the same
constexpr std::string_view queue_header = "freshet-queue";            ///< of a dead letter
constexpr std::string_view reason_header = "freshet-reason";          ///< of a dead letter
constexpr std::string_view died_header = "freshet-died";              ///< of a dead letter; milliseconds since 1970
constexpr std::string_view serial_header = "freshet-serial";          ///< names a message over redeliveries
constexpr std::string_view sending_header = "freshet-sending";        ///< how often it was sent until then; none: once

/// Of an event that this project has made.
inline bool is_own_type(std::string_view type) noexcept {
    return type.starts_with("freshet.") || type.starts_with(change_type_prefix);
}

/// The event's type.
inline std::string type_of_event(const message& m, bool died) {
    if (died) return "freshet.dead_letter";
    const auto at =
        std::find_if(m.headers.begin(), m.headers.end(), [](const auto& h) { return h.first == change_header; });
    return at == m.headers.end() ? "freshet.message" : std::string(change_type_prefix) + at->second;
}

/// What message::origin begins with: whose form the rest has.
constexpr char amqp_origin = 'A', kafka_origin = 'K';

/// Of a dead letter.
struct death {
    std::string_view queue;
    std::string_view reason;
    wall::time_point time{};
};

/// Calls `add(name, value)` for each header that the message needs; a value is a text or a std::int64_t. `died`: null
/// for a message that lives.
template <class Add>
void add_own_headers(const message& m, const death* died, Add add) {
    if (m.flags != 0) add(flags_header, std::int64_t{m.flags});
    if (m.attempt != 0) add(attempt_header, std::int64_t{m.attempt});
    if (m.not_before != wall::time_point{}) add(not_before_header, ms_since_1970(m.not_before));
    if (m.expires != wall::time_point{}) add(expires_header, ms_since_1970(m.expires));
    if (died == nullptr) return;
    add(queue_header, died->queue);
    add(reason_header, died->reason);
    add(died_header, ms_since_1970(died->time));
}

/// A message that is passed on has these as they are now, and all others as they came.
inline bool is_written_anew(std::string_view name) noexcept {
    constexpr std::string_view all[] = {flags_header,  attempt_header, not_before_header, expires_header, queue_header,
                                        reason_header, died_header,    serial_header,     sending_header};
    return name.starts_with(own_headers) && std::find(std::begin(all), std::end(all), name) != std::end(all);
}

/// Takes what a header of this project says. `number`: none where its value is no whole number. Anybody can write such
/// headers: what cannot be is passed over.
inline void read_own_header(std::string_view name, std::optional<std::int64_t> number, message& m) {
    if (!number) return;
    if (name == flags_header && std::in_range<std::uint32_t>(*number)) m.flags = static_cast<std::uint32_t>(*number);
    if (name == attempt_header && std::in_range<unsigned>(*number)) m.attempt = static_cast<unsigned>(*number);
    if (name == not_before_header) m.not_before = from_ms_since_1970(*number);
    if (name == expires_header) m.expires = from_ms_since_1970(*number);
}

}  // namespace freshet
