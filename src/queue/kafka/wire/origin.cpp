#include "queue/kafka/wire/origin.hpp"

#include "queue/broker/headers.hpp"
#include "queue/kafka/wire/names.hpp"

#include <algorithm>
#include <charconv>

namespace freshet {

namespace {

constexpr char empty_key_mark = 'k', no_value_mark = 'v', end_of_marks = ';';

// A text is its length in decimal digits, a colon, and its bytes; null is a minus.

void put(std::string& to, std::string_view text) { to.append(std::to_string(text.size())).append(1, ':').append(text); }

/// Takes a text off; none: there is none.
std::optional<std::string_view> take_text(std::string_view& from) {
    std::size_t size = 0;
    const auto [end, wrong] = std::from_chars(from.data(), from.data() + from.size(), size);
    const auto digits = static_cast<std::size_t>(end - from.data());
    if (wrong != std::errc{} || digits == from.size() || *end != ':' || size > from.size() - digits - 1)
        return std::nullopt;
    const std::string_view text = from.substr(digits + 1, size);
    from.remove_prefix(digits + 1 + size);
    return text;
}

bool holds_all(const kafka_came& came) {
    if (came.empty_key || came.no_value) return false;
    bool is_event = false, is_own_event = false;
    for (const kafka_header& h : came.headers) {
        if (is_written_anew(h.name)) continue;
        if (!h.value || (h.name.starts_with(own_headers) && !is_change_header(h.name))) return false;
        if (!h.name.starts_with(event_prefix)) continue;
        if (!is_own_event_header(h.name)) return false;
        is_event = true;
        is_own_event = is_own_event || (h.name == type_header && is_own_type(*h.value));
    }
    return is_event == is_own_event;
}

}  // namespace

void take_headers(const rd_kafka_headers_t& from, std::vector<kafka_header>& to) {
    to.clear();
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    while (rd_kafka_header_get_all(&from, to.size(), &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        kafka_header& h = to.emplace_back();
        h.name = name;
        if (value != nullptr) h.value.emplace(static_cast<const char*>(value), size);
    }
}

std::string kafka_origin_of(const kafka_came& came) {
    if (holds_all(came)) return {};
    std::string origin(1, kafka_origin);
    if (came.empty_key) origin.push_back(empty_key_mark);
    if (came.no_value) origin.push_back(no_value_mark);
    origin.push_back(end_of_marks);
    for (const kafka_header& h : came.headers) {
        put(origin, h.name);
        if (h.value) put(origin, *h.value);
        else origin.push_back('-');
    }
    return origin;
}

std::optional<kafka_came> read_kafka_origin(std::string_view origin) {
    if (!origin.starts_with(kafka_origin)) return std::nullopt;
    const auto end = origin.find(end_of_marks);
    if (end == origin.npos) return std::nullopt;
    const std::string_view marks = origin.substr(1, end - 1);
    kafka_came came;
    came.empty_key = marks.find(empty_key_mark) != marks.npos;
    came.no_value = marks.find(no_value_mark) != marks.npos;
    for (origin.remove_prefix(end + 1); !origin.empty();) {
        const auto name = take_text(origin);
        if (!name) return std::nullopt;
        kafka_header& h = came.headers.emplace_back();
        h.name = *name;
        if (origin.starts_with('-')) origin.remove_prefix(1);
        else if (h.value = take_text(origin); !h.value) return std::nullopt;
    }
    return came;
}

}  // namespace freshet
