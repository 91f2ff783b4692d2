// "amqp://USER:PASSWORD@HOST:PORT/VHOST?queue=NAME&declare=create" and "kafka://HOST:PORT?topic=NAME" taken apart.
#pragma once

#include <freshet/error.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace freshet::reading {

struct broker_url {
    enum class kind : std::uint8_t { rabbitmq, kafka };
    broker_url::kind kind{kind::rabbitmq};
    bool tls{false};
    std::string user{}, password{};  ///< empty: none was given
    std::string host{};
    std::uint16_t port{0};
    std::string virtual_host{"/"};
    std::string name{};     ///< queue= or topic=
    std::string declare{};  ///< "check", "create" or empty
};

bool is_broker_url(std::string_view url);
/// Or what is wrong with it, a sentence that tells no password.
result<broker_url> parse_broker_url(std::string_view url);

}  // namespace freshet::reading
