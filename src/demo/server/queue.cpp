#include "demo/server/queue.hpp"

#include <freshet/config.hpp>
#include <freshet/time.hpp>

#include "base/escape.hpp"
#include "config/broker_options.hpp"
#include "config/url/broker_url.hpp"
#include "demo/server/client.hpp"

#include <fmt/format.h>

#include <chrono>
#include <stdexcept>
#include <thread>

namespace freshet::demonstration {

namespace {

constexpr std::chrono::seconds limit{60};
constexpr std::chrono::milliseconds pause_between{50};

}  // namespace

std::string wrong_queue(const std::vector<std::string>& urls) {
    if (urls.empty()) return {};
    queue_config q;
    q.urls = urls;
    for (const std::string& url : urls) {
        if (!reading::is_broker_url(url))
            return fmt::format(
                "{} is no broker; write \"amqp://...\" or \"kafka://...\"; without --queue it is a journal",
                in_quotes(url));
    }
    return wrong_broker(q);
}

std::string kind_of_queue(const std::vector<std::string>& urls) {
    if (urls.empty()) return "a journal";
    return urls.front().starts_with("kafka:") ? "Kafka" : "RabbitMQ";
}

void wait_for_queue(const std::string& socket_path, const std::string& key) {
    const auto end = std::chrono::steady_clock::now() + limit;
    for (;;) {
        const std::string said = ask_line(socket_path, fmt::format("mg {}\r\n", key));
        if (said == "HD" || said == "EN") return;
        if (std::chrono::steady_clock::now() > end)
            throw std::runtime_error(fmt::format("the queue cannot be used: {}", escaped(said)));
        std::this_thread::sleep_for(pause_between);
    }
}

}  // namespace freshet::demonstration
