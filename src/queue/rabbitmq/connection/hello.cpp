// What is said until a connection can be used.
#include "queue/rabbitmq/connection/connection.hpp"

#include <freshet/time.hpp>

#include "base/bytes.hpp"
#include "config/broker_options.hpp"

#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <array>

namespace freshet {

namespace asio = boost::asio;

namespace {

template <std::size_t N>
amqp_table_t table_of(std::array<amqp_table_entry_t, N>& entries) {
    return {static_cast<int>(N), entries.data()};
}

}  // namespace

asio::awaitable<std::string> rabbitmq_connection::begin(const rabbitmq_server& with) {
    std::string wrong = co_await socket_->connect(with);
    if (!wrong.empty()) co_return wrong;
    wrong = co_await say_hello();
    if (!wrong.empty()) co_return wrong;
    wrong = co_await user_.prepare();
    co_return wrong;
}

asio::awaitable<std::string> rabbitmq_connection::say_hello() {
    out_.append(amqp_protocol_header);
    std::string wrong = co_await expect(AMQP_CONNECTION_START_METHOD);
    if (!wrong.empty()) co_return wrong;
    std::array able_to{flag_entry("publisher_confirms"), flag_entry("basic.nack"), flag_entry("consumer_cancel_notify"),
                       flag_entry("connection.blocked"), flag_entry("authentication_failure_close")};
    std::array properties{text_entry("product", "freshet"), text_entry("version", FRESHET_VERSION),
                          text_entry("connection_name", name_), flag_entry("capabilities")};
    properties[3].value.kind = AMQP_FIELD_KIND_TABLE;
    properties[3].value.value.table = table_of(able_to);
    const std::string secret = '\0' + options_.user + '\0' + options_.password;
    amqp_connection_start_ok_t who{};
    who.client_properties = table_of(properties);
    who.mechanism = to_amqp("PLAIN");
    who.response = to_amqp(secret);
    who.locale = to_amqp("en_US");
    say(0, AMQP_CONNECTION_START_OK_METHOD, &who);
    wrong = co_await expect(AMQP_CONNECTION_TUNE_METHOD);
    if (!wrong.empty()) co_return wrong;
    amqp_connection_tune_ok_t tuned{};
    tuned.channel_max = 8;
    tuned.frame_max = static_cast<std::uint32_t>(frame_max_);
    tuned.heartbeat = static_cast<std::uint16_t>(options_.heartbeat.count());
    say(0, AMQP_CONNECTION_TUNE_OK_METHOD, &tuned);
    reader_->set_frame_max(frame_max_);
    amqp_connection_open_t open{};
    open.virtual_host = to_amqp(options_.virtual_host);
    say(0, AMQP_CONNECTION_OPEN_METHOD, &open);
    wrong = co_await expect(AMQP_CONNECTION_OPEN_OK_METHOD);
    heartbeat_ = options_.heartbeat;
    co_return wrong;
}

asio::awaitable<std::string> rabbitmq_connection::expect(amqp_method_number_t method) {
    flush();
    for (;;) {
        amqp_frame_t frame{};
        const auto status = reader_->next(unread_, frame);
        if (status == amqp_reader::status::wrong) co_return std::string("what it says is no AMQP");
        if (status == amqp_reader::status::more) {
            const bool more = co_await read_more();
            if (!more) co_return trouble_.empty() ? std::string("it closed the connection") : trouble_;
            continue;
        }
        if (frame.frame_type == 'A') co_return std::string("it speaks another AMQP than 0-9-1");
        if (frame.frame_type != AMQP_FRAME_METHOD) continue;
        const amqp_method_t& m = frame.payload.method;
        if (m.id == AMQP_CONNECTION_TUNE_METHOD) {
            const std::size_t offered = fields_of<amqp_connection_tune_t>(m).frame_max;
            if (offered != 0) frame_max_ = std::min(frame_max_, offered);
        }
        if (m.id == method) co_return std::string();
        if (m.id == AMQP_CONNECTION_CLOSE_METHOD || m.id == AMQP_CHANNEL_CLOSE_METHOD) co_return told_by_server(m);
    }
}

/// False: the connection has ended, and why is in trouble_.
asio::awaitable<bool> rabbitmq_connection::read_more() {
    reader_->release();
    const std::size_t came = co_await socket_->read(read_buffer_);
    if (came == 0) {
        end(socket_->trouble());
        co_return false;
    }
    heard_ = steady::now();
    unread_ = {read_buffer_.data(), came};
    co_return true;
}

}  // namespace freshet
