// message::origin of a message from RabbitMQ: its properties as they came, where the message itself cannot hold all
// that they say.
#pragma once

#include "queue/rabbitmq/wire/amqp_wire.hpp"

#include <string>
#include <string_view>

namespace freshet {

/// Empty: a message holds all that the properties say. `raw`: the same in their wire form.
std::string origin_of(const amqp_basic_properties_t& properties, std::string_view raw);

/// Reads origins, and keeps the memory that the properties point into until the next one, with the origin itself.
class rabbitmq_origin_reader {
public:
    rabbitmq_origin_reader();
    ~rabbitmq_origin_reader();
    rabbitmq_origin_reader(const rabbitmq_origin_reader&) = delete;
    rabbitmq_origin_reader& operator=(const rabbitmq_origin_reader&) = delete;

    /// Null: it has another broker's form, or is none.
    const amqp_basic_properties_t* read(std::string_view origin);

private:
    amqp_pool_t pool_{};
};

}  // namespace freshet
