#include "config/url/broker_url.hpp"

#include "base/escape.hpp"
#include "config/url/address.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace freshet::reading {

namespace {

constexpr std::string_view rabbitmq_form = "\"amqp://USER:PASSWORD@HOST:5672/%2F?queue=NAME\"";
constexpr std::string_view kafka_form = "\"kafka://HOST:9092?topic=NAME\"";

problem wrong(std::string sentence) { return {errc::wrong_config, effect::not_done, std::move(sentence)}; }

int hex(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// With %HH read. Nothing: a '%' without two digits.
std::optional<std::string> decoded(std::string_view text) {
    std::string to;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            to += text[i];
            continue;
        }
        if (i + 2 >= text.size() || hex(text[i + 1]) < 0 || hex(text[i + 2]) < 0) return std::nullopt;
        to += static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2]));
        i += 2;
    }
    return to;
}

/// Takes what stands behind the last `mark` from the end of the text.
std::string_view take_behind(std::string_view& text, char mark) {
    const std::size_t at = text.find(mark);
    if (at == text.npos) return {};
    const std::string_view behind = text.substr(at + 1);
    text = text.substr(0, at);
    return behind;
}

/// What is wrong with "queue=NAME&declare=create".
std::string read_query(std::string_view query, broker_url& to) {
    const std::string_view of_name = to.kind == broker_url::kind::rabbitmq ? "queue" : "topic";
    while (!query.empty()) {
        std::string_view one = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(query.size(), one.size() + 1));
        const std::string_view text = take_behind(one, '=');
        const auto value = decoded(text);
        if (!value || value->empty() || (one != of_name && one != "declare"))
            return fmt::format("behind '?' stand {}=NAME and declare=check or declare=create, with '&' between them",
                               of_name);
        if (one == of_name) to.name = *value;
        else if (*value == "check" || *value == "create") to.declare = *value;
        else return fmt::format("declare is check or create, not {}", in_quotes(*value));
    }
    return {};
}

}  // namespace

bool is_broker_url(std::string_view url) {
    return url.starts_with("amqp:") || url.starts_with("amqps:") || url.starts_with("kafka:");
}

result<broker_url> parse_broker_url(std::string_view url) {
    broker_url to;
    to.tls = url.starts_with("amqps:");
    if (url.starts_with("kafka:")) to.kind = broker_url::kind::kafka;
    const bool rabbitmq = to.kind == broker_url::kind::rabbitmq;
    const std::string_view form = rabbitmq ? rabbitmq_form : kafka_form;
    const auto unfit = [&](std::string_view what) { return wrong(fmt::format("{}; write {}", what, form)); };
    const std::size_t scheme = url.find("://");
    if (scheme == url.npos) return unfit("a broker's URL goes on with \"//\"");
    std::string_view rest = url.substr(scheme + 3);
    if (std::string sentence = read_query(take_behind(rest, '?'), to); !sentence.empty()) return unfit(sentence);
    const bool has_path = rest.find('/') != rest.npos;
    const std::string_view path = take_behind(rest, '/');
    if (rabbitmq && has_path && !path.empty()) {
        const auto host = decoded(path);
        if (!host || path.find('/') != path.npos) return unfit("the virtual host is one name; a '/' in it is %2F");
        to.virtual_host = *host;
    } else if (!path.empty()) {
        return unfit("behind Kafka's server stands no path");
    }
    if (const std::size_t at = rest.rfind('@'); at != rest.npos) {
        std::string_view user = rest.substr(0, at);
        rest.remove_prefix(at + 1);
        if (!rabbitmq) return unfit("a user of Kafka is told in [queue.NAME.kafka], as sasl.username and so on");
        const std::string_view password = take_behind(user, ':');
        const auto name = decoded(user), secret = decoded(password);
        if (!name || !secret || name->empty()) return unfit("in front of '@' stand USER:PASSWORD, a '%' as %25");
        to.user = *name;
        to.password = *secret;
    }
    if (const std::string sentence = wrong_server(rest); !sentence.empty()) return unfit(sentence);
    auto parts = split_address(rest);
    to.host = std::move(parts->host);
    to.port = parts->port.value_or(!rabbitmq ? 9092 : to.tls ? 5671 : 5672);
    return to;
}

}  // namespace freshet::reading
