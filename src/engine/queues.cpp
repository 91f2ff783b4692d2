// Journals, brokers, and the queues in them.
#include "engine/engine.hpp"

#include "base/state_folder.hpp"
#include "config/broker_options.hpp"
#include "config/environment.hpp"
#include "config/journals.hpp"
#include "queue/broker/delayed.hpp"
#include "queue/kafka/kafka.hpp"
#include "queue/outbox/outbox.hpp"
#include "queue/rabbitmq/rabbitmq.hpp"
#include "queue/subscription_record.hpp"
#include "store/pool/placement/placement.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <set>
#include <string_view>
#include <system_error>

namespace freshet {

namespace {

constexpr std::string_view mark_prefix = "aside.";

/// Its messages are changes.
bool is_applied(const config& c, std::string_view queue) {
    return std::any_of(c.flows.begin(), c.flows.end(),
                       [queue](const flow_config& f) { return f.from == queue && !f.apply.empty(); });
}

/// By a flow into a store that ends with the process.
bool is_applied_in_memory(const config& c, std::string_view queue) {
    const auto in_memory = [&c](const std::string& store) {
        return std::any_of(c.stores.begin(), c.stores.end(),
                           [&](const store_config& s) { return s.name == store && s.in_memory(); });
    };
    return std::any_of(c.flows.begin(), c.flows.end(),
                       [&](const flow_config& f) { return f.from == queue && !f.apply.empty() && in_memory(f.apply); });
}

/// They are tried for ever, and read by one process at a time, or a key's would not stay in order.
/// A store in memory has a subscription of its own process: nobody else can put anything there.
void prepare_for_changes(queue_config& q, const site_config& site, bool in_memory) {
    constexpr unsigned taken_ahead = 500;
    q.options.max_attempts = 0;
    q.options.harmless = true;
    if (!q.on_broker()) return;
    const std::string name =
        in_memory ? fmt::format("{}.{}.{}", site.name, q.name, site.node) : fmt::format("{}.{}", site.name, q.name);
    if (q.on_kafka()) {
        if (q.group.empty()) q.group = name;
        return;
    }
    if (q.prefetch == 0) q.prefetch = taken_ahead;
    if (!q.exchange.empty() && q.broker_queue.empty()) q.broker_queue = name;
}

/// Its limits are the outbox's. Kafka's client keeps what it has got in order, for as long as the broker is away.
queue_config behind_outbox(queue_config q) {
    q.options.length_max = queue_options{}.length_max;
    q.options.bytes_max = queue_options{}.bytes_max;
    if (q.on_kafka()) q.publish_timeout = milliseconds(std::numeric_limits<std::int32_t>::max());
    return q;
}

}  // namespace

void engine::prepare_queues() {
    for (queue_config& q : config_.queues) {
        if (is_applied(config_, q.name)) prepare_for_changes(q, config_.site, is_applied_in_memory(config_, q.name));
    }
}

std::optional<problem> engine::open_journals() {
    for (const used_journal& j : journals_of(config_)) {
        if (file_identity(j.path).starts_with(file_identity(config_.state_folder) + "/")) {
            if (auto trouble = make_state_folder(config_.state_folder)) return trouble;
        }
        journal_options options;
        options.path = j.path;
        options.accept_loss = config_.accept_loss;
        options.allow_tmpfs = j.allow_tmpfs;
        options.queues_max = config_.server.queues_max;
        options.queue_idle = config_.server.queue_idle;
        options.defaults = config_.made_queues.options;
        auto opened = open_journal(options);
        if (!opened) return opened.error();
        journals_.emplace(file_identity(j.path), *std::move(opened));
    }
    return {};
}

std::optional<problem> engine::make_queue(const queue_config& q) {
    if (!q.on_broker()) {
        queues_[q.name] = &find_journal(q.urls.front())->open(q.name, q.options);
        return {};
    }
    auto made = q.outbox.empty() ? make_broker_queue(q) : make_broker_queue(behind_outbox(q));
    if (!made) return made.error();
    if (!q.outbox.empty()) {
        queue& box = open_own(q.outbox, q.name + std::string(outbox_suffix), outbox_options(q.options));
        *made = put_outbox_before(back_, *std::move(made), box);
    }
    brokers_.push_back(*std::move(made));
    queues_[q.name] = brokers_.back().get();
    return {};
}

/// A queue for what waits before a broker or a server.
queue& engine::open_own(std::string_view url, const std::string& name, const queue_options& options) {
    queue& made = find_journal(url)->open(name, options);
    own_queues_.insert(&made);
    return made;
}

/// The configuration has changed meanwhile.
void engine::say_what_is_left_behind() {
    for (auto& [path, journal] : journals_) {
        for (const std::string& name : journal->names()) {
            if (name.find('/') == name.npos) continue;
            const queue_ptr q = journal->find(name);
            if (q == nullptr || q->length() == 0 || own_queues_.contains(q.get())) continue;
            spdlog::error(
                "{} has {} messages of the queue {}, which nothing sends on: the configuration that it was of has "
                "changed; write it as it was until they are gone",
                path, q->length(), name);
        }
    }
}

std::optional<problem> engine::set_copies(const queue_config& q) {
    if (q.copies.empty()) return {};
    if (const std::string wrong = wrong_copies(config_, q); !wrong.empty())
        return problem{errc::wrong_config, effect::not_done, fmt::format("queue {}: {}", q.name, wrong)};
    std::vector<queue*> others;
    for (const std::string& name : q.copies) others.push_back(queues_.at(name));
    find_journal(q.urls.front())->set_copies(*queues_.at(q.name), others);
    return {};
}

result<std::unique_ptr<remote_queue>> engine::make_broker_queue(const queue_config& q) {
    queue* const later = q.later.empty() ? nullptr : &open_own(q.later, q.name + "/later", later_options());
    if (q.on_kafka()) {
        auto options = kafka_of(q, common_group);
        if (!options) return options.error();
        const std::string to = fmt::format("{} as {}", options->topic, options->group);
        if (auto wrong = remember_subscription(q, to, *options)) return *std::move(wrong);
        options->later = later;
        return make_kafka_queue(back_, *options);
    }
    auto options = rabbitmq_of(q);
    if (!options) return options.error();
    options->one_consumer = is_applied(config_, q.name);
    if (auto wrong = remember_subscription(q, options->queue_name, *options)) return *std::move(wrong);
    options->later = later;
    return make_rabbitmq_queue(back_, *options);
}

std::optional<problem> engine::remember_subscription(const queue_config& q, const std::string& to,
                                                     broker_options& options) const {
    if (!is_applied(config_, q.name)) return {};
    if (is_applied_in_memory(config_, q.name)) {
        options.subscription = std::make_shared<subscription_record>();
        return {};
    }
    const std::string path = fmt::format("{}/subscription.{}", config_.state_folder, q.name);
    options.subscription = std::make_shared<subscription_record>(path, to);
    const std::string& other = options.subscription->other();
    if (other.empty()) return {};
    return problem{errc::wrong_config, effect::not_done,
                   fmt::format("queue {}: {} is of a subscription to {}, and this configuration's is to {}, which does "
                               "not have what was told before it is there: write [site] name, or what the broker calls "
                               "the queue, as it was; or, if it is right as it is, empty the store (flush_all) and "
                               "remove that file",
                               q.name, path, other, to)};
}

/// A server may be in use by another name, with what it held then.
void engine::say_which_marks_are_left_behind() const {
    std::set<std::string> own;
    for (const auto& [queue, box] : boxes_) own.insert(mark_of(box->name()));
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(config_.state_folder, ignored)) {
        const std::string path = config_.state_folder + "/" + entry.path().filename().string();
        if (!entry.path().filename().string().starts_with(mark_prefix) || !path.ends_with(".mark") ||
            own.contains(path))
            continue;
        spdlog::error(
            "{}: changes for this server were dropped, and no flow applies changes to it by this name; if it is used "
            "by another one, empty it (flush_all); then remove the file",
            path);
    }
}

/// Where it is written down that such a server is set aside; a name may hold what a file's may not.
std::string engine::mark_of(std::string_view box) const {
    return fmt::format("{}/{}{}.mark", config_.state_folder, mark_prefix, reading::percent_encoded(box));
}

/// None of a store in memory.
std::optional<box_places> engine::boxes_of(const flow_config& f) {
    const std::string url = boxes_url(config_, f);
    if (url.empty()) return {};
    const named_store& applied = stores_.at(f.apply);
    const auto from = std::find_if(config_.queues.begin(), config_.queues.end(),
                                   [&](const queue_config& q) { return q.name == f.from; });
    const milliseconds over_after = from->publish_timeout;
    const queue_options options = box_options(std::max(f.held_max_bytes, 2 * config_.server.item_size_max_bytes));
    const memcached_options& pool = applied.pool;
    box_places to{make_placement(pool.hash, pool.servers, pool.hash_tag), {}};
    for (const server_address& s : pool.servers) {
        const std::string name = box_name(f.from, s);
        queue& box = open_own(url, name, options);
        to.servers.push_back(
            {"server " + s.name(), &box, {applied.aside, to.servers.size(), s.name(), mark_of(name), over_after}});
        boxes_.emplace_back(f.from, &box);
    }
    journal& in = *find_journal(url);
    const std::string prefix = f.from + std::string(box_infix);
    for (const std::string& name : in.names()) {  // of servers that are in the pool no more: the keys have others now
        const queue_ptr left = name.starts_with(prefix) ? in.find(name) : nullptr;
        if (left == nullptr || left->length() == 0 || own_queues_.contains(left.get())) continue;
        queue& box = open_own(url, name, options);
        to.servers.push_back({"what was for " + name.substr(prefix.size()), &box, {}});
        boxes_.emplace_back(f.from, &box);
    }
    return to;
}

}  // namespace freshet
