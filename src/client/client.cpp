#include <freshet/client.hpp>
#include <freshet/config.hpp>
#include <freshet/error.hpp>
#include <freshet/time.hpp>

#include "base/escape.hpp"
#include "call/call.hpp"
#include "call/step.hpp"
#include "client/function_worker.hpp"
#include "engine/engine.hpp"
#include "flow/flow.hpp"
#include "flow/runner.hpp"
#include "protocol/exptime.hpp"
#include "protocol/item_size.hpp"
#include "protocol/reply.hpp"
#include "protocol/request.hpp"
#include "queue/queue.hpp"
#include "route/table.hpp"
#include "route/wait.hpp"
#include "shard/shard.hpp"
#include "store/store.hpp"

#include <fmt/format.h>

#include <condition_variable>
#include <mutex>
#include <random>

namespace freshet {

namespace {

constexpr seconds broker_wait{10};  ///< a client can be used at once; what is away then is told by its calls
constexpr milliseconds stop_timeout{10'000};
constexpr milliseconds wait_max{std::chrono::hours(24 * 365)};
constexpr std::string_view queue_name = "queue";

/// A call that a thread outside waits for.
class awaited_call final : public call, public step {
public:
    bool on_reply(call&) override {
        reply.keep_value();  // what is lent stays on this shard
        const std::lock_guard lock(mutex_);
        answered_ = true;
        changed_.notify_one();
        return false;  // the waiting thread may have destroyed it by now
    }
    void wait() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return answered_; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool answered_{false};
};

problem refusal(std::string text) { return {errc::refused, effect::not_done, std::move(text)}; }

std::optional<problem> wrong_key(std::string_view key) {
    if (!key.empty() && key.size() <= key_size_max && !has_blank_or_control(key)) return {};
    return refusal(fmt::format("a key has 1 to {} bytes without blanks and control characters", key_size_max));
}

/// What stands in the way of an answer, if anything does.
std::optional<problem> trouble(const reply& a) {
    switch (a.outcome) {
        case outcome::failed:
            return problem{a.why.code, a.why.effect, fmt::format("{} {}", a.why.subject, explain(a.why.code))};
        case outcome::refused: return refusal(std::string(a.text));
        case outcome::too_large:
            return problem{errc::too_large, effect::not_done, std::string(explain(errc::too_large))};
        default: return {};
    }
}

/// 26 letters and digits, never the same twice.
std::string make_id() {
    thread_local std::mt19937_64 random{std::random_device{}()};
    return fmt::format("{:013x}{:013x}", random() >> 12, random() >> 12);
}

class local_client final : public client {
public:
    local_client(std::unique_ptr<freshet::engine> e, config c)
        : engine_(std::move(e)), config_(std::move(c)), shard_("client") {
        routes_ = engine_->make_routes(shard_);
        waiting_ = make_wait_store(shard_, *routes_, wait_max);
        shard_.start();
        engine_->start_flows();
    }
    ~local_client() override;

    result<std::optional<value>> get(std::string_view key) override { return fetch(*routes_, key); }
    result<bool> set(std::string_view key, std::string_view data, seconds ttl, std::uint32_t flags) override {
        return store(store_mode::set, key, data, ttl, flags);
    }
    result<bool> add(std::string_view key, std::string_view data, seconds ttl, std::uint32_t flags) override {
        return store(store_mode::add, key, data, ttl, flags);
    }
    result<bool> remove(std::string_view key) override;
    result<std::string> publish(std::string_view key, std::string_view body, std::string_view id) override;
    result<std::optional<value>> wait(std::string_view key, milliseconds time) override;
    result<void> work(std::string_view queue, worker work, unsigned concurrency) override;

private:
    result<std::optional<value>> fetch(freshet::store& from, std::string_view key,
                                       steady::time_point deadline = steady::time_point::max());
    result<bool> store(store_mode mode, std::string_view key, std::string_view data, seconds ttl, std::uint32_t flags);
    void execute(freshet::store& in, awaited_call& c);

    std::unique_ptr<freshet::engine> engine_;
    config config_;
    shard shard_;
    std::unique_ptr<route_table> routes_;
    std::unique_ptr<freshet::store> waiting_;  ///< gets on the routes that wait until their deadlines
    std::mutex workers_mutex_;
    std::vector<std::unique_ptr<flow>> workers_;
};

local_client::~local_client() {
    const auto deadline = steady::now() + stop_timeout;
    for (auto& w : workers_) w->stop(deadline);
    engine_->stop_flows(deadline);
    engine_->stop_queues(deadline);
    shard_.stop();
    waiting_.reset();
    routes_.reset();
}

void local_client::execute(freshet::store& in, awaited_call& c) {
    shard_.run([&] {
        c.home = &shard_;
        c.now = steady::now();
        start(in, c, c);
    });
    c.wait();
}

result<std::optional<value>> local_client::fetch(freshet::store& from, std::string_view key,
                                                 steady::time_point deadline) {
    if (auto wrong = wrong_key(key)) return *std::move(wrong);
    awaited_call c;
    c.deadline = deadline;
    c.request.command = command::get;
    c.request.want_value = true;
    c.request.key = key;
    execute(from, c);
    if (auto t = trouble(c.reply)) return *std::move(t);
    if (c.reply.outcome != outcome::hit) return std::optional<value>{};
    return std::optional<value>{value{std::string(c.reply.data()), c.reply.flags, c.reply.cas}};
}

result<bool> local_client::store(store_mode mode, std::string_view key, std::string_view data, seconds ttl,
                                 std::uint32_t flags) {
    if (auto wrong = wrong_key(key)) return *std::move(wrong);
    awaited_call c;
    c.request.command = command::store;
    c.request.mode = mode;
    c.request.key = key;
    c.request.value = data;
    c.request.flags = flags;
    c.request.exptime = exptime(ttl, wall::now());
    c.request.too_large = item_size(key.size(), flags, data.size()) > config_.server.item_size_max_bytes;
    execute(*routes_, c);
    if (auto t = trouble(c.reply)) return *std::move(t);
    return c.reply.outcome == outcome::stored;
}

result<bool> local_client::remove(std::string_view key) {
    if (auto wrong = wrong_key(key)) return *std::move(wrong);
    awaited_call c;
    c.request.command = command::remove;
    c.request.key = key;
    execute(*routes_, c);
    if (auto t = trouble(c.reply)) return *std::move(t);
    return c.reply.outcome == outcome::deleted;
}

result<std::string> local_client::publish(std::string_view key, std::string_view body, std::string_view id) {
    std::string given = id.empty() ? make_id() : std::string(id);
    const auto stored = store(store_mode::set, fmt::format("{}#{}", key, given), body, {}, 0);
    if (!stored) return stored.error();
    return given;
}

result<std::optional<value>> local_client::wait(std::string_view key, milliseconds time) {
    return fetch(*waiting_, key, steady::now() + std::clamp(time, milliseconds(0), wait_max));
}

result<void> local_client::work(std::string_view queue, worker work, unsigned concurrency) {
    freshet::queue* const from = engine_->find_queue(queue);
    if (from == nullptr) return refusal(fmt::format("there is no queue \"{}\"", queue));
    if (config_.stores.empty()) return refusal("there is no store for the results");
    const std::string& into = config_.stores.front().name;
    freshet::store* target = nullptr;
    engine_->back().run_and_wait([&] { target = engine_->find_told_store(into); });
    flow_config f;
    f.from = queue;
    f.concurrency = concurrency;
    f.into = into;
    f.result_size_max_bytes = config_.server.item_size_max_bytes;
    auto made = make_flow(engine_->back(), *from, target, f, engine_->keeps_results(f),
                          make_function_worker(engine_->back(), std::move(work), concurrency));
    made->start();
    const std::lock_guard lock(workers_mutex_);
    workers_.push_back(std::move(made));
    return {};
}

}  // namespace

result<std::unique_ptr<client>> client::open(const config& c) {
    auto made = engine::make(c);
    if (!made) return made.error();
    (*made)->wait_for_brokers(steady::now() + broker_wait);
    return std::unique_ptr<client>(std::make_unique<local_client>(*std::move(made), c));
}

result<std::unique_ptr<client>> client::open(const std::string& store_url, const std::string& queue_url) {
    config c;
    c.state_folder = default_state_folder();
    store_config s;
    s.urls = {store_url};
    c.stores.push_back(s);
    queue_config q;
    q.name = queue_name;
    q.urls = {queue_url};
    c.queues.push_back(q);
    route_config to_store;
    to_store.prefixes = {""};
    to_store.store = s.name;
    route_config to_queue;
    to_queue.prefixes = {q.name};
    to_queue.queue = q.name;
    c.routes = {to_store, to_queue};
    return open(c);
}

}  // namespace freshet
