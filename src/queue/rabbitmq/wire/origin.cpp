#include "queue/rabbitmq/wire/origin.hpp"

#include "queue/broker/headers.hpp"
#include "queue/rabbitmq/wire/names.hpp"

namespace freshet {

namespace {

/// Of the properties, those that a message holds, or that are the same for all that is published.
constexpr amqp_flags_t held_flags = AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_MESSAGE_ID_FLAG |
                                    AMQP_BASIC_TIMESTAMP_FLAG | AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_HEADERS_FLAG;
constexpr std::size_t page_bytes = 4'096;

/// A header that comes out again as it came in, read as text and written as text.
bool is_held(std::string_view name) noexcept {
    return visible_name(name) == name && passive_name(name) == name && !same_name(name, content_type_name);
}

bool holds_all(const amqp_basic_properties_t& p) {
    if ((p._flags & ~held_flags) != 0) return false;
    bool all = true, is_event = false, is_own_event = false;
    each_header(p, [&](std::string_view name, const amqp_field_value_t& value) {
        if (is_written_anew(name)) return;
        const bool is_text = value.kind == AMQP_FIELD_KIND_UTF8;
        if (name == event_type && is_text) is_own_event = is_own_type(from_amqp(value.value.bytes));
        const bool of_event = is_own_attribute(name);
        is_event = is_event || of_event;
        all = all && is_text && (of_event || is_held(name));
    });
    return all && is_event == is_own_event;
}

}  // namespace

std::string origin_of(const amqp_basic_properties_t& properties, std::string_view raw) {
    std::string origin;
    if (raw.empty() || holds_all(properties)) return origin;
    origin.reserve(1 + raw.size());
    return origin.append(1, amqp_origin).append(raw);
}

rabbitmq_origin_reader::rabbitmq_origin_reader() { init_amqp_pool(&pool_, page_bytes); }
rabbitmq_origin_reader::~rabbitmq_origin_reader() { empty_amqp_pool(&pool_); }

const amqp_basic_properties_t* rabbitmq_origin_reader::read(std::string_view origin) {
    if (!origin.starts_with(amqp_origin)) return nullptr;
    recycle_amqp_pool(&pool_);
    void* decoded = nullptr;
    const int wrong = amqp_decode_properties(AMQP_BASIC_CLASS, &pool_, to_amqp(origin.substr(1)), &decoded);
    return wrong == 0 ? static_cast<const amqp_basic_properties_t*>(decoded) : nullptr;
}

}  // namespace freshet
