// What a consumer says until its connection can be used: the queues and the exchange, as they are to be.
#include <freshet/config.hpp>

#include "queue/rabbitmq/consumer.hpp"
#include "queue/subscription_record.hpp"

#include <spdlog/spdlog.h>
#include <boost/asio/use_awaitable.hpp>

#include <vector>

namespace freshet {

namespace asio = boost::asio;

namespace {

amqp_table_entry_t number_entry(std::string_view name, std::uint64_t number) {
    amqp_table_entry_t e{};
    e.key = to_amqp(name);
    e.value.kind = AMQP_FIELD_KIND_I64;
    e.value.value.i64 = static_cast<std::int64_t>(number);
    return e;
}

/// Not that the node is down where it is.
bool is_missing(std::string_view told) { return told.starts_with("404 ") && told.find("no queue '") != told.npos; }

}  // namespace

asio::awaitable<std::string> rabbitmq_consumer::prepare() {
    incoming_.reset();
    acks_.begin_again();
    last_tag_ = 0;
    subscriptions_.forget();
    connection_.open_channel(channel);
    std::string wrong = co_await connection_.expect(AMQP_CHANNEL_OPEN_OK_METHOD);
    if (!wrong.empty()) co_return wrong;
    if (options_.subscription != nullptr) {
        wrong = co_await look_for_queue();
        if (!wrong.empty()) co_return wrong;
    }
    wrong = co_await declare(options_.queue_name, true);
    if (!wrong.empty()) co_return wrong;
    wrong = co_await declare(dead_name_, false);
    if (!wrong.empty()) co_return wrong;
    if (!options_.exchange.empty()) {
        wrong = co_await declare_exchange();
        if (!wrong.empty()) co_return wrong;
    }
    if (options_.subscription != nullptr && options_.subscription->is() == subscription_record::state::none)
        wrong = options_.subscription->write(subscription_record::state::known);
    co_return wrong;
}

/// That it was there and is gone is on the disk before it is made again, as nothing else says so from then on.
asio::awaitable<std::string> rabbitmq_consumer::look_for_queue() {
    using state = subscription_record::state;
    ask();
    std::string wrong = co_await connection_.expect(AMQP_QUEUE_DECLARE_OK_METHOD);
    if (!is_missing(wrong)) co_return wrong;
    if (options_.subscription->is() == state::known) {
        spdlog::warn("queue {}: there is no queue {} now: what was told and not taken from it is gone", options_.name,
                     options_.queue_name);
        std::string unwritten = options_.subscription->write(state::lost);
        if (!unwritten.empty()) co_return unwritten;
    }
    if (options_.declare == declaration::check) co_return wrong;
    amqp_channel_close_ok_t closed{};
    connection_.say(channel, AMQP_CHANNEL_CLOSE_OK_METHOD, &closed);
    connection_.open_channel(channel);
    wrong = co_await connection_.expect(AMQP_CHANNEL_OPEN_OK_METHOD);
    co_return wrong;
}

asio::awaitable<std::string> rabbitmq_consumer::declare(const std::string& queue, bool with_limits) {
    const bool length = with_limits && options_.queue.length_max != queue_options{}.length_max;
    const bool bytes = with_limits && options_.queue.bytes_max != queue_options{}.bytes_max;
    amqp_queue_declare_t d{};
    d.queue = to_amqp(queue);
    d.passive = options_.declare == declaration::check;
    d.durable = 1;
    std::vector<amqp_table_entry_t> arguments;
    if (options_.one_consumer && with_limits) arguments.push_back(flag_entry("x-single-active-consumer"));
    if (options_.quorum) arguments.push_back(text_entry("x-queue-type", "quorum"));
    if (length) arguments.push_back(number_entry("x-max-length", options_.queue.length_max));
    if (bytes) arguments.push_back(number_entry("x-max-length-bytes", options_.queue.bytes_max));
    if (length || bytes) arguments.push_back(text_entry("x-overflow", "reject-publish"));
    d.arguments = {static_cast<int>(arguments.size()), arguments.data()};
    connection_.say(channel, AMQP_QUEUE_DECLARE_METHOD, &d);
    std::string wrong = co_await connection_.expect(AMQP_QUEUE_DECLARE_OK_METHOD);
    co_return wrong;
}

asio::awaitable<std::string> rabbitmq_consumer::declare_exchange() {
    amqp_exchange_declare_t exchange{};
    exchange.exchange = to_amqp(options_.exchange);
    exchange.type = to_amqp("fanout");
    exchange.passive = options_.declare == declaration::check;
    exchange.durable = 1;
    connection_.say(channel, AMQP_EXCHANGE_DECLARE_METHOD, &exchange);
    std::string wrong = co_await connection_.expect(AMQP_EXCHANGE_DECLARE_OK_METHOD);
    if (!wrong.empty()) co_return wrong;
    amqp_queue_bind_t bind{};
    bind.queue = to_amqp(options_.queue_name);
    bind.exchange = to_amqp(options_.exchange);
    connection_.say(channel, AMQP_QUEUE_BIND_METHOD, &bind);
    wrong = co_await connection_.expect(AMQP_QUEUE_BIND_OK_METHOD);
    co_return wrong;
}

}  // namespace freshet
