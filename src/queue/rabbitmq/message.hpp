// A message as AMQP properties and back: what other programs expect in the properties, the rest in headers.
#pragma once

#include <freshet/message.hpp>

#include "base/rfc3339.hpp"
#include "queue/broker/headers.hpp"
#include "queue/broker/link.hpp"
#include "queue/rabbitmq/amqp_wire.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace freshet {

/// Keeps the memory that the properties it makes point into until it makes the next.
class rabbitmq_properties {
public:
    /// `source`: of the CloudEvents attributes. `serial`: names the message over redeliveries; unique.
    explicit rabbitmq_properties(std::string source);
    const amqp_basic_properties_t& make(const message& m, std::uint64_t serial, const death* died);

private:
    void add(std::string_view name, std::string_view text);
    void add(std::string_view name, std::int64_t number);

    std::string source_;
    amqp_basic_properties_t properties_{};
    std::vector<amqp_table_entry_t> entries_;
    rfc3339 date_{};
};

/// What the properties say; the body comes behind them. What this project did not write is guessed as well as can be.
arrival to_arrival(const amqp_basic_properties_t& properties, bool redelivered, delivery_tag tag);
/// The serial among the headers; 0: none.
std::uint64_t serial_of(const amqp_basic_properties_t& properties);

}  // namespace freshet
