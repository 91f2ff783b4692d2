// What is said until a connection can be used.
#include "queue/rabbitmq/link.hpp"

#include <freshet/time.hpp>

#include "base/bytes.hpp"
#include "config/broker_options.hpp"

#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <array>

namespace freshet {

namespace asio = boost::asio;

namespace {

amqp_table_entry_t entry(std::string_view name, std::string_view text) {
    amqp_table_entry_t e{};
    e.key = to_amqp(name);
    e.value.kind = AMQP_FIELD_KIND_UTF8;
    e.value.value.bytes = to_amqp(text);
    return e;
}
amqp_table_entry_t entry(std::string_view name, std::uint64_t number) {
    amqp_table_entry_t e{};
    e.key = to_amqp(name);
    e.value.kind = AMQP_FIELD_KIND_I64;
    e.value.value.i64 = static_cast<std::int64_t>(number);
    return e;
}
amqp_table_entry_t able(std::string_view what) {
    amqp_table_entry_t e{};
    e.key = to_amqp(what);
    e.value.kind = AMQP_FIELD_KIND_BOOLEAN;
    e.value.value.boolean = 1;
    return e;
}
template <std::size_t N>
amqp_table_t table_of(std::array<amqp_table_entry_t, N>& entries) {
    return {static_cast<int>(N), entries.data()};
}

}  // namespace

asio::awaitable<std::string> rabbitmq_link::begin(const rabbitmq_server& with) {
    std::string wrong = co_await socket_->connect(with);
    if (!wrong.empty()) co_return wrong;
    wrong = co_await say_hello();
    if (!wrong.empty()) co_return wrong;
    wrong = co_await prepare_publishing();
    if (!wrong.empty()) co_return wrong;
    wrong = co_await prepare_consuming();
    co_return wrong;
}

asio::awaitable<std::string> rabbitmq_link::say_hello() {
    out_.append(amqp_protocol_header);
    std::string wrong = co_await expect(AMQP_CONNECTION_START_METHOD);
    if (!wrong.empty()) co_return wrong;
    std::array able_to{able("publisher_confirms"), able("basic.nack"), able("consumer_cancel_notify"),
                       able("connection.blocked"), able("authentication_failure_close")};
    std::array properties{entry("product", "freshet"), entry("version", FRESHET_VERSION),
                          entry("connection_name", options_.name), able("capabilities")};
    properties[3].value.kind = AMQP_FIELD_KIND_TABLE;
    properties[3].value.value.table = table_of(able_to);
    const std::string secret = '\0' + options_.user + '\0' + options_.password;
    amqp_connection_start_ok_t who{};
    who.client_properties = table_of(properties);
    who.mechanism = to_amqp("PLAIN");
    who.response = to_amqp(secret);
    who.locale = to_amqp("en_US");
    say_method(0, AMQP_CONNECTION_START_OK_METHOD, &who);
    wrong = co_await expect(AMQP_CONNECTION_TUNE_METHOD);
    if (!wrong.empty()) co_return wrong;
    amqp_connection_tune_ok_t tuned{};
    tuned.channel_max = 8;
    tuned.frame_max = static_cast<std::uint32_t>(frame_max_);
    tuned.heartbeat = static_cast<std::uint16_t>(options_.heartbeat.count());
    say_method(0, AMQP_CONNECTION_TUNE_OK_METHOD, &tuned);
    reader_->set_frame_max(frame_max_);
    amqp_connection_open_t open{};
    open.virtual_host = to_amqp(options_.virtual_host);
    say_method(0, AMQP_CONNECTION_OPEN_METHOD, &open);
    wrong = co_await expect(AMQP_CONNECTION_OPEN_OK_METHOD);
    heartbeat_ = options_.heartbeat;
    co_return wrong;
}

asio::awaitable<std::string> rabbitmq_link::prepare_publishing() {
    publish_on(publishing_.number());
    std::string wrong = co_await expect(AMQP_CHANNEL_OPEN_OK_METHOD);
    if (!wrong.empty()) co_return wrong;
    wrong = co_await expect(AMQP_CONFIRM_SELECT_OK_METHOD);
    co_return wrong;
}

asio::awaitable<std::string> rabbitmq_link::prepare_consuming() {
    open_channel(consuming);
    std::string wrong = co_await expect(AMQP_CHANNEL_OPEN_OK_METHOD);
    if (!wrong.empty()) co_return wrong;
    wrong = co_await declare(options_.queue_name, true);
    if (!wrong.empty()) co_return wrong;
    wrong = co_await declare(dead_name_, false);
    if (!wrong.empty()) co_return wrong;
    if (!options_.exchange.empty()) {
        amqp_exchange_declare_t exchange{};
        exchange.exchange = to_amqp(options_.exchange);
        exchange.type = to_amqp("fanout");
        exchange.passive = options_.declare == declaration::check;
        exchange.durable = 1;
        say_method(consuming, AMQP_EXCHANGE_DECLARE_METHOD, &exchange);
        wrong = co_await expect(AMQP_EXCHANGE_DECLARE_OK_METHOD);
        if (!wrong.empty()) co_return wrong;
        amqp_queue_bind_t bind{};
        bind.queue = to_amqp(options_.queue_name);
        bind.exchange = to_amqp(options_.exchange);
        say_method(consuming, AMQP_QUEUE_BIND_METHOD, &bind);
        wrong = co_await expect(AMQP_QUEUE_BIND_OK_METHOD);
        if (!wrong.empty()) co_return wrong;
    }
    amqp_basic_qos_t qos{};
    qos.prefetch_count = static_cast<std::uint16_t>(options_.prefetch);
    say_method(consuming, AMQP_BASIC_QOS_METHOD, &qos);
    wrong = co_await expect(AMQP_BASIC_QOS_OK_METHOD);
    co_return wrong;
}

asio::awaitable<std::string> rabbitmq_link::declare(const std::string& queue, bool with_limits) {
    amqp_queue_declare_t d{};
    d.queue = to_amqp(queue);
    d.passive = options_.declare == declaration::check;
    d.durable = 1;
    std::vector<amqp_table_entry_t> arguments;
    if (options_.quorum) arguments.push_back(entry("x-queue-type", "quorum"));
    const bool length = with_limits && limits_length(), bytes = with_limits && limits_bytes();
    if (length) arguments.push_back(entry("x-max-length", options_.queue.length_max));
    if (bytes) arguments.push_back(entry("x-max-length-bytes", options_.queue.bytes_max));
    if (length || bytes) arguments.push_back(entry("x-overflow", "reject-publish"));
    d.arguments = {static_cast<int>(arguments.size()), arguments.data()};
    say_method(consuming, AMQP_QUEUE_DECLARE_METHOD, &d);
    std::string wrong = co_await expect(AMQP_QUEUE_DECLARE_OK_METHOD);
    co_return wrong;
}

/// Says what is there to be said and waits for this method; or what came in its place, in words.
asio::awaitable<std::string> rabbitmq_link::expect(amqp_method_number_t method) {
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
asio::awaitable<bool> rabbitmq_link::read_more() {
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
