// A message as AMQP properties and back: what other programs expect in the properties, the rest in headers.
#pragma once

#include <freshet/message.hpp>

#include "base/rfc3339.hpp"
#include "queue/broker/headers.hpp"
#include "queue/broker/link.hpp"
#include "queue/rabbitmq/wire/amqp_wire.hpp"
#include "queue/rabbitmq/wire/origin.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace freshet {

/// Keeps the memory that the properties it makes point into until it makes the next.
class rabbitmq_properties {
public:
    /// `source`: of the CloudEvents attributes. `user`: who publishes; the broker takes nothing that says it is
    /// another's.
    rabbitmq_properties(std::string source, std::string user);
    /// `serial`: names the message over redeliveries; unique. `sending`: which time it is sent. What came from RabbitMQ
    /// goes as it came, but for this project's own headers and what has been changed since. The message lives as long
    /// as the properties.
    const amqp_basic_properties_t& make(const message& m, std::uint64_t serial, unsigned sending, const death* died);

private:
    void add(std::string_view name, std::string_view text);
    void add(std::string_view name, std::int64_t number);
    void add(std::string_view name, const amqp_field_value_t& value);
    void add_header(std::string_view name, std::string_view value);
    void begin_new(const message& m, const death* died);
    void begin_as_it_came(const amqp_basic_properties_t& came, const message& m, const death* died);
    void make_harmless(const death* died);

    std::string source_, user_, type_;
    amqp_basic_properties_t properties_{};
    std::vector<amqp_table_entry_t> entries_{};
    rabbitmq_origin_reader origin_{};
    rfc3339 date_{};
};

/// What the properties say; the body comes behind them. What this project did not write is guessed as well as can be.
/// `raw`: the properties in their wire form; they go along where the message cannot hold all that they say.
arrival to_arrival(const amqp_basic_properties_t& properties, std::string_view raw, bool redelivered, delivery_tag tag);
/// The serial among the headers; 0: none.
std::uint64_t serial_of(const amqp_basic_properties_t& properties);

}  // namespace freshet
