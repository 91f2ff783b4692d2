// What sections say of each other: names that must exist, pairs that exclude each other.
#include <freshet/config.hpp>
#include <freshet/error.hpp>

#include "base/escape.hpp"
#include "base/name.hpp"
#include "config/broker_options.hpp"
#include "config/draft.hpp"
#include "config/files.hpp"
#include "config/options.hpp"
#include "config/suggest.hpp"
#include "config/units.hpp"
#include "config/url/server_address.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace freshet::reading {

namespace {

template <class Section>
std::vector<std::string_view> names_of(const std::vector<found<Section>>& all) {
    std::vector<std::string_view> names;
    for (const auto& one : all) names.push_back(one.value.name);
    return names;
}

bool contains(const std::vector<std::string_view>& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

/// Options that are about the other kind of store, and servers that stand there twice.
void check_store(const found<store_config>& s, draft& d) {
    const std::vector<std::string>& urls = s.value.urls;
    if (urls.size() > 1 && contains({urls.begin(), urls.end()}, "memory:"))
        return d.say(s.at.of("url"), "url: a store is in memory, \"memory:\" alone, or a list of servers");
    for (const auto& [key, at, filled] : s.at.values) {
        const bool any = key == "url" || key == "flush_all";
        if (any || s.value.in_memory() == (key == "size")) continue;
        d.say(at, s.value.in_memory()
                      ? fmt::format("{}: is about memcached servers, and this store is in memory", key)
                      : "size: is about a store in memory; the servers' own -m says how much they keep");
    }
    const memcached_options& pool = s.value.pool;
    if (s.at.has("transfer_max") && pool.transfer_max < pool.timeout)
        d.say(s.at.of("transfer_max"),
              fmt::format("transfer_max: {} is less than the timeout of {}, which any call has",
                          format_time(pool.transfer_max), format_time(pool.timeout)));
    std::set<std::string> names;
    for (const std::string& url : urls) {
        const auto address = s.value.in_memory() ? result<server_address>(server_address{}) : parse_server_address(url);
        if (address && !names.insert(address->name()).second)
            d.say(s.at.of("url"), fmt::format("url: {} stands here twice",
                                              d.filled.has(url) ? d.filled.in_quotes(url) : address->name()));
    }
}

void check_server(draft& d) {
    const server_config& s = d.server.value;
    std::set<std::string> listens;
    for (const std::string& address : s.listen) {
        if (address.ends_with(":0") || listens.insert(address).second) continue;
        d.say(d.server.at.of("listen"), fmt::format("listen: {} stands here twice", d.filled.in_quotes(address)));
    }
    const std::size_t share = s.memory_max_bytes / s.threads;  // of each shard; 0: not said
    if (share != 0 && s.item_size_max_bytes > share / 2)
        d.say(d.server.at.of("memory_max"),
              fmt::format("memory_max: {} of it for each of the threads is less than twice the item_size_max of {}",
                          format_size(share), d.server.at.shown("item_size_max", format_size(s.item_size_max_bytes))));
    for (const auto& store : d.stores) check_store(store, d);
    for (const auto& store : d.stores) {  // as memcached: an item takes half of the memory at most
        const std::size_t size = store.value.size_bytes;
        if (size == 0 || s.item_size_max_bytes <= size / 2) continue;
        d.say(store.at.of("size"), fmt::format("size: {} is less than twice the item_size_max of {} in [server]",
                                               store.at.shown("size", format_size(size)),
                                               d.server.at.shown("item_size_max", format_size(s.item_size_max_bytes))));
    }
}

}  // namespace

std::string no_queue(const std::string& name, const draft& d) {
    const auto queues = names_of(d.queues);
    const std::string hint = is_name(name) && nearest(name, queues).empty() && !d.filled.has(name)
                                 ? fmt::format("; write a section [queue.{}], it may be empty", name)
                                 : suggestion(name, queues);
    return fmt::format("there is no queue {}{}", d.filled.in_quotes(name), hint);
}

namespace {

std::string no_store(const std::string& name, const std::vector<std::string_view>& stores, const draft& d) {
    return fmt::format("there is no store {}{}", d.filled.in_quotes(name), suggestion(name, stores));
}

/// A store whose items have versions.
void check_versions(const places& at, std::string_view key, const std::string& store, draft& d) {
    if (d.site.at.section.line == 0)
        d.say(at.of(key),
              fmt::format("{}: changes say who has made them; write a section [site] with name and node", key));
    for (const auto& s : d.stores) {
        if (s.value.name != store || s.value.in_memory() || s.value.exclusive) continue;
        d.say(at.of(key),
              fmt::format("{}: leaves marks of deleted keys in the servers of {}, which clients that talk to "
                          "these directly would read as values; if there are none, write exclusive = true "
                          "in [store.{}]",
                          key, in_quotes(store), store));
    }
}

void check_publish(const found<route_config>& r, const std::vector<std::string_view>& queues, draft& d) {
    if (!r.at.has("publish")) return;
    const std::string& to = r.value.publish;
    if (!r.at.has("store"))
        return d.say(r.at.of("publish"), "publish: is about a store; a route to a queue publishes by itself");
    if (!contains(queues, to)) return d.say(r.at.of("publish"), no_queue(to, d));
    check_versions(r.at, "publish", r.value.store, d);
    const bool applied = std::any_of(d.flows.begin(), d.flows.end(), [&](const found<flow_config>& f) {
        return f.value.from == to && f.value.apply == r.value.store;
    });
    if (!applied)
        d.say(r.at.of("publish"),
              fmt::format("publish: no flow applies what is told in {} to this store, which crashes "
                          "and other sites need; write [[flow]] from = {} apply = {}",
                          in_quotes(to), in_quotes(to), in_quotes(r.value.store)));
}

/// Of a store that changes are applied to.
void check_reading_of_changes(const found<route_config>& r, draft& d) {
    if (!r.at.has("store") || r.at.has("publish")) return;
    for (const auto& f : d.flows) {
        if (f.value.apply.empty() || f.value.apply != r.value.store) continue;
        return d.say(
            r.at.of("store"),
            fmt::format("store: changes are applied to {} (line {}), where a deleted key is an item that only a "
                        "route with publish knows for what it is; write publish = {} here, or take another store",
                        in_quotes(r.value.store), f.at.section.line, in_quotes(f.value.from)));
    }
}

void check_route(const found<route_config>& r, const std::vector<std::string_view>& stores,
                 const std::vector<std::string_view>& queues, draft& d) {
    const bool store = r.at.has("store"), queue = r.at.has("queue");
    if (store && queue) {
        d.say(r.at.of("queue"),
              "a route leads to a store or to a queue, not to both; write two routes with two prefixes");
    } else if (store && !contains(stores, r.value.store)) {
        d.say(r.at.of("store"), no_store(r.value.store, stores, d));
    } else if (queue && r.value.queue != "*" && !contains(queues, r.value.queue)) {
        d.say(r.at.of("queue"), no_queue(r.value.queue, d));
    }
    if (queue && !store && r.at.has("wait"))
        d.say(r.at.of("wait"),
              "wait: a get on a queue receives at once, or waits as long as it says with /t=MILLISECONDS; wait is for "
              "stores");
    if (store && !queue && r.at.has("noreply"))
        d.say(r.at.of("noreply"), "noreply: is about publishing; a route to a store has none");
    if (queue && contains({r.value.prefixes.begin(), r.value.prefixes.end()}, "")) {
        d.say(r.at.of("prefix"), "prefix: a route to a queue needs one that is not empty");
    }
}

void check_routes(draft& d, const std::vector<std::string_view>& stores, const std::vector<std::string_view>& queues) {
    std::map<std::string_view, unsigned> lines;
    for (const auto& r : d.routes) {
        check_route(r, stores, queues, d);
        check_publish(r, queues, d);
        check_reading_of_changes(r, d);
        for (const std::string& prefix : r.value.prefixes) {
            const auto [other, first] = lines.emplace(prefix, r.at.of("prefix").line);
            if (!first)
                d.say(r.at.of("prefix"), fmt::format("prefix: {} has a route already, in line {}",
                                                     d.filled.in_quotes(prefix), other->second));
        }
    }
}

/// What is wrong with a template of keys, or an empty text.
std::string wrong_key(std::string_view key) {
    constexpr std::size_t fixed_max = 180;  // an id has up to 64 bytes
    constexpr std::string_view form = "{id}, {key} and {queue} are filled in";
    bool different = false;
    std::size_t fixed = 0;
    for (std::size_t at = 0; at < key.size();) {
        const char byte = key[at];
        if (is_blank_or_control(byte)) return "a key has no spaces or control characters";
        if (byte == '}') return fmt::format("'}}' without '{{'; {}", form);
        if (byte != '{') {
            ++fixed, ++at;
            continue;
        }
        const std::size_t end = key.find('}', at);
        if (end == std::string_view::npos) return fmt::format("'{{' without '}}'; {}", form);
        const std::string_view name = key.substr(at + 1, end - at - 1);
        if (name != "id" && name != "key" && name != "queue")
            return fmt::format("there is no {{{}}}; {}", escaped(name), form);
        different = different || name != "queue";
        at = end + 1;
    }
    if (fixed > fixed_max)
        return fmt::format("has {} bytes beside what is filled in; there is room for {}", fixed, fixed_max);
    if (!different) return "has neither {id} nor {key}, so each result would replace the one before";
    return {};
}

/// True: it applies changes, and calls nobody.
bool check_apply(const found<flow_config>& f, const std::vector<std::string_view>& stores, draft& d) {
    if (!f.at.has("apply")) return false;
    for (const std::string_view key : {"call", "concurrency", "into", "key", "ttl"}) {
        if (f.at.has(key)) d.say(f.at.of(key), fmt::format("{}: is about a call, and this flow applies changes", key));
    }
    const auto* const from = queue_named(f.value.from, d);
    const bool broker = from != nullptr && from->value.on_broker();
    if (broker && !from->value.on_kafka() && from->value.exchange.empty())
        d.say(f.at.of("from"), fmt::format("from: each site reads every change from a queue of its own; write exchange "
                                           "= \"NAME\" in [queue.{}], to which all sites publish",
                                           from->value.name));
    for (const std::string_view key : {"length_max", "bytes_max"}) {
        if (broker && from->value.outbox.empty() && from->at.has(key))
            d.say(from->at.of(key),
                  fmt::format("{}: the broker would refuse a change here that other sites have taken; "
                              "write outbox = \"journal:\", whose limit it is then",
                              key));
    }
    if (from != nullptr && from->value.publish_timeout >= d.site.value.tombstone)
        d.say(from->at.of("publish_timeout"),
              fmt::format("publish_timeout: {} is not less than the tombstone of {} in [site], after which a change "
                          "stores nothing",
                          format_time(from->value.publish_timeout), format_time(d.site.value.tombstone)));
    for (const auto& r : d.routes) {
        if (r.value.queue == f.value.from && !r.value.queue.empty())
            d.say(r.at.of("queue"),
                  fmt::format("queue: a get would take changes away from the flow that applies them, in "
                              "line {}",
                              f.at.section.line));
    }
    const std::uint64_t least = 2 * d.server.value.item_size_max_bytes;
    if (f.at.has("held_max") && f.value.held_max_bytes < least)
        d.say(f.at.of("held_max"), fmt::format("held_max: {} is less than twice the item_size_max of {}",
                                               format_size(f.value.held_max_bytes),
                                               d.server.at.shown("item_size_max", format_size(least / 2))));
    const std::string& store = f.value.apply;
    if (!contains(stores, store)) d.say(f.at.of("apply"), no_store(store, stores, d));
    else check_versions(f.at, "apply", store, d);
    const auto takes = [&](const found<flow_config>& other) { return other.value.from == f.value.from; };
    if (std::count_if(d.flows.begin(), d.flows.end(), takes) > 1)
        d.say(f.at.of("from"),
              fmt::format("from: another flow takes messages of {}, too, and each change goes to one of them only{}",
                          in_quotes(f.value.from),
                          from != nullptr && !broker
                              ? fmt::format("; write copies = [\"NAME\"] in [queue.{}], a queue of its own for the "
                                            "other",
                                            f.value.from)
                              : ""));
    return true;
}

void check_flow(const found<flow_config>& f, const std::vector<std::string_view>& stores, draft& d) {
    const auto queues = names_of(d.queues);
    if (f.at.has("from") && !contains(queues, f.value.from)) {
        d.say(f.at.of("from"), no_queue(f.value.from, d));
    }
    if (check_apply(f, stores, d)) return;
    if (f.at.has("held_max"))
        d.say(f.at.of("held_max"), "held_max: is about changes that wait for a server, and this flow applies none");
    for (const auto& q : d.queues) {
        if (q.value.name == f.value.from && q.value.options.ordered && f.value.concurrency > 1) {
            d.say(f.at.of("concurrency"),
                  fmt::format("concurrency: the queue {} is ordered, so there is one call at a time",
                              in_quotes(q.value.name)));
        }
    }
    if (f.at.has("into") && !contains(stores, f.value.into)) {
        d.say(f.at.of("into"), no_store(f.value.into, stores, d));
    }
    for (const std::string_view key : {"key", "ttl"}) {
        if (f.at.has(key) && !f.at.has("into"))
            d.say(
                f.at.of(key),
                fmt::format(
                    "{}: is about a result, and this flow puts its results nowhere; into = \"STORE\" says where", key));
    }
    d.say_if_wrong(f.at, "key", d.filled.sentence(f.value.key, wrong_key(f.value.key)));
    for (const std::string_view key : {"ca_file", "proxy"}) {
        if (f.at.has(key) && f.at.has("exec"))
            d.say(f.at.of(key), fmt::format("{}: is about a URL, and this flow calls a program", key));
    }
    if (f.at.has("env") && !f.at.has("exec"))
        d.say(f.at.of("env"), "env: is about a program, and this flow calls a URL");
    if (!f.value.ca_file.empty())
        d.say_if_wrong(f.at, "ca_file", wrong_authorities(f.value.ca_file, d.filled.in_quotes(f.value.ca_file)));
    if (!f.at.has("exec")) return;
    if (!d.server.value.allow_exec)
        d.say(f.at.of("exec"), "exec: runs a program, which [server] must allow: allow_exec = true");
    const std::string& program = f.value.exec.front();
    d.say_if_wrong(f.at, "exec", wrong_program(program, d.filled.in_quotes(program)));
}

/// Files for TLS.
void check_tls_files(const found<queue_config>& q, draft& d) {
    const queue_config& c = q.value;
    const auto shown = [&d](const std::string& path) { return d.filled.in_quotes(path); };
    if (!c.ca_file.empty()) d.say_if_wrong(q.at, "ca_file", wrong_authorities(c.ca_file, shown(c.ca_file)));
    if (c.certificate_file.empty() && !c.key_file.empty())
        return d.say(q.at.of("key_file"), "key_file: is of no use without certificate_file");
    if (c.certificate_file.empty()) return;
    const std::string wrong = wrong_certificate(c.certificate_file, shown(c.certificate_file));
    d.say_if_wrong(q.at, "certificate_file", wrong);
    if (!wrong.empty()) return;
    const std::string& key = c.key_file.empty() ? c.certificate_file : c.key_file;
    d.say_if_wrong(q.at, c.key_file.empty() ? "certificate_file" : "key_file",
                   wrong_key_file(key, shown(key), c.certificate_file));
}

/// Options of one kind of queue on another.
void check_queue(const found<queue_config>& q, draft& d) {
    struct only {
        std::string_view key, of;
        bool fits;
    };
    const bool broker = q.value.on_broker(), kafka = broker && q.value.on_kafka(), rabbitmq = broker && !kafka;
    const only all[] = {
        {"allow_tmpfs", "a journal",
         !broker || !q.value.later.empty() || !q.value.outbox.empty() || applier_of(q.value.name, d) != nullptr},
        {"dedupe", "a journal: a broker does not know which ids it had", !broker},
        {"copies", "a journal: RabbitMQ has exchanges for it, and Kafka groups", !broker},
        {"declare", "RabbitMQ and Kafka", broker},
        {"prefetch", "RabbitMQ and Kafka", broker},
        {"idle", "RabbitMQ and Kafka", broker},
        {"later", "RabbitMQ and Kafka: a journal's messages wait there", broker},
        {"outbox", "RabbitMQ and Kafka: what is published to a journal is on this disk", broker},
        {"publish_timeout", "RabbitMQ and Kafka", broker},
        {"queue", "RabbitMQ", rabbitmq},
        {"queue_type", "RabbitMQ", rabbitmq},
        {"exchange", "RabbitMQ", rabbitmq},
        {"heartbeat", "RabbitMQ", rabbitmq},
        {"ca_file", "RabbitMQ; Kafka's is ssl.ca.location in [queue.NAME.kafka]", rabbitmq},
        {"certificate_file", "RabbitMQ; Kafka's is ssl.certificate.location in [queue.NAME.kafka]", rabbitmq},
        {"key_file", "RabbitMQ; Kafka's is ssl.key.location in [queue.NAME.kafka]", rabbitmq},
        {"topic", "Kafka", kafka},
        {"group", "Kafka", kafka},
        {"linger", "Kafka", kafka},
        {"kafka", "Kafka", kafka},
        {"length_max", "a journal, RabbitMQ or an outbox; a topic keeps messages as its retention says",
         !kafka || !q.value.outbox.empty()},
        {"bytes_max", "a journal, RabbitMQ or an outbox; a topic keeps messages as its retention says",
         !kafka || !q.value.outbox.empty()},
    };
    for (const only& o : all) {
        if (!o.fits && q.at.has(o.key))
            d.say(q.at.of(o.key),
                  fmt::format("{}: is an option of {}; the queue {} is {}", o.key, o.of, in_quotes(q.value.name),
                              kafka      ? "on Kafka"
                              : rabbitmq ? "on RabbitMQ"
                                         : "in a journal"));
    }
    if (!broker && q.value.urls.size() > 1)
        d.say(q.at.of("url"), "url: a journal is one file; a list is for the servers of a broker");
    if (!broker) return;
    d.say_if_wrong(q.at, "url", wrong_broker(q.value));
    if (rabbitmq) check_tls_files(q, d);
}

}  // namespace

void check_together(draft& d) {
    auto stores = names_of(d.stores);
    if (stores.empty()) stores.push_back("main");  // see complete()
    check_server(d);
    check_routes(d, stores, names_of(d.queues));
    for (const auto& q : d.queues) check_queue(q, d);
    check_copies(d);
    for (const auto& f : d.flows) check_flow(f, stores, d);
}

}  // namespace freshet::reading
