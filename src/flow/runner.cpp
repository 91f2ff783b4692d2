#include "flow/runner.hpp"

#include "base/jitter.hpp"
#include "flow/exec.hpp"
#include "flow/http/http.hpp"
#include "flow/pauses.hpp"
#include "flow/result_writer.hpp"
#include "queue/operations.hpp"
#include "shard/awaited.hpp"
#include "shard/gate.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <cassert>
#include <condition_variable>
#include <mutex>
#include <new>
#include <optional>
#include <random>
#include <stdexcept>

namespace freshet {

namespace asio = boost::asio;

namespace {

constexpr unsigned concurrency_max = 1'000;
constexpr milliseconds retry_after_max{24 * 3'600'000};                       ///< a worker may ask for no longer rest
constexpr std::size_t dropped_result_size_max_bytes = std::size_t{64} << 20;  ///< where results go nowhere

/// One delivery being worked on. Its lease is renewed until `over`.
struct lease {
    lease(shard& home, std::uint64_t n) : ended(home), number(n) {}
    gate ended;
    std::uint64_t number;
    bool over{false};

    void end() {
        over = true;
        ended.open();
    }
};

struct lease_end {
    std::shared_ptr<lease> held;
    ~lease_end() { held->end(); }
};

class runner;

/// Counts a coroutine, however it ends, and also if it never begins.
class running {
public:
    running(runner& of, bool takes_slot);
    ~running();
    running(running&& other) noexcept : of_(std::exchange(other.of_, nullptr)), takes_slot_(other.takes_slot_) {}
    running& operator=(running&&) = delete;

private:
    runner* of_;
    bool takes_slot_;
};

class runner final : public flow, private ticker {
public:
    runner(shard& back, queue& from, store* into, const flow_config& config, bool keep_results,
           std::unique_ptr<flow_worker> worker)
        : back_(back),
          queue_(from),
          config_(config),
          keep_results_(keep_results),
          worker_(std::move(worker)),
          freed_(back),
          pauses_(back),
          random_(std::random_device{}()) {
        config_.concurrency = std::clamp(config_.concurrency, 1U, concurrency_max);
        if (into != nullptr) results_.emplace(back, *into, pauses_, "flow of " + from.label(), keep_results);
    }
    ~runner() override { stop(steady::now()); }

    const flow_config& config() const noexcept override { return config_; }
    void start() override;
    void stop(steady::time_point deadline) override;

private:
    friend class running;
    void spawn(asio::awaitable<void> work, bool takes_slot);
    asio::awaitable<void> run(asio::awaitable<void> work, running counted);
    void ended(bool took_slot) noexcept;
    void if_all_have_ended() noexcept;

    void begin_to_receive();
    void tick(steady::time_point now) override;
    asio::awaitable<void> receive();
    asio::awaitable<void> handle(delivery d);
    asio::awaitable<void> renew(std::shared_ptr<lease> held);
    asio::awaitable<work_result> ask(const delivery& d, const result<std::string>& key);
    asio::awaitable<void> settle_retry(const delivery& d, const work_result& said);
    milliseconds pause_before(const delivery& d, const work_result& said);
    milliseconds pause_before_worker();
    asio::awaitable<void> conclude(const delivery& d, const result<std::string>& key, work_result said);
    asio::awaitable<void> settle(awaited<settlement>& s);

    std::string name(const delivery& d) const;

    shard& back_;
    queue& queue_;
    flow_config config_;
    bool keep_results_;
    std::unique_ptr<flow_worker> worker_;

    // of the back shard
    gate freed_;  ///< a slot is free, or the flow is being stopped
    awaited<reception>* reception_{nullptr};
    pauses pauses_;  ///< over for good: give back what is not settled
    std::optional<result_writer> results_{};
    std::minstd_rand random_;
    std::optional<steady::time_point> unreached_since_{};  ///< no call has begun since then
    std::size_t running_{0};                               ///< coroutines
    unsigned busy_{0};                                     ///< slots of `concurrency` taken
    bool stopping_{false};                                 ///< receive no more

    // of stop()
    std::mutex mutex_;
    std::condition_variable all_ended_;
    bool started_{false};
    bool ended_{false};
};

void runner::start() {
    if (std::exchange(started_, true)) return;
    back_.run([this] { begin_to_receive(); });
}

void runner::stop(steady::time_point deadline) {
    if (!std::exchange(started_, false)) return;
    assert(!back_.here());
    back_.run([this] {
        stopping_ = true;
        if (reception_ != nullptr && !reception_->is_back()) queue_.cancel(*reception_);
        freed_.open();
        pauses_.end();
        if_all_have_ended();
    });
    std::unique_lock lock(mutex_);
    if (all_ended_.wait_until(lock, deadline, [this] { return ended_; })) return;
    back_.run([this] {
        pauses_.end_for_good();
        if (busy_ != 0)
            spdlog::warn("flow of {}: calls that took longer than the stop may are ended: {}; their tasks come again",
                         queue_.label(), busy_);
        worker_->abort();
        if (results_) results_->give_up();
    });
    all_ended_.wait(lock, [this] { return ended_; });
    lock.unlock();
    back_.run_and_wait([] {});  // the abort may be behind the end of the last call
}

running::running(runner& of, bool takes_slot) : of_(&of), takes_slot_(takes_slot) {
    ++of.running_;
    if (takes_slot) ++of.busy_;
}

running::~running() {
    if (of_ != nullptr) of_->ended(takes_slot_);
}

void runner::spawn(asio::awaitable<void> work, bool takes_slot) {
    asio::co_spawn(back_.context(), run(std::move(work), running(*this, takes_slot)), asio::detached);
}

asio::awaitable<void> runner::run(asio::awaitable<void> work, running counted) {
    const running until_the_end = std::move(counted);
    try {
        co_await std::move(work);
    } catch (const std::exception& e) {
        spdlog::error("flow of {}: {}", queue_.label(), e.what());
    }
}

/// A coroutine has ended.
void runner::ended(bool took_slot) noexcept {
    --running_;
    if (took_slot) {
        --busy_;
        freed_.open();
    }
    if_all_have_ended();
}

void runner::if_all_have_ended() noexcept {
    if (!stopping_ || running_ != 0) return;
    back_.remove(*this);
    const std::lock_guard lock(mutex_);
    ended_ = true;
    all_ended_.notify_all();
}

/// Without memory a little later.
void runner::begin_to_receive() {
    try {
        spawn(receive(), false);
    } catch (const std::bad_alloc&) {
        back_.add(*this);
    }
}

void runner::tick(steady::time_point /*now*/) {
    back_.remove(*this);
    if (!stopping_) begin_to_receive();
}

asio::awaitable<void> runner::receive() try {
    awaited<reception> r(back_);
    milliseconds trouble{0};
    while (!stopping_) {
        if (busy_ >= config_.concurrency) {
            auto freed = freed_.wait();
            co_await std::move(freed);
            continue;
        }
        r.max = config_.concurrency - busy_;
        r.wait = milliseconds::max();
        r.exhausted_too = true;
        r.deliveries.clear();
        r.why.reset();
        auto back = r.returned();
        reception_ = &r;
        queue_.receive(r);
        co_await std::move(back);
        reception_ = nullptr;
        if (r.why && !stopping_) {
            if (trouble.count() == 0)
                spdlog::warn("flow of {}: {} {}", queue_.label(), r.why->subject, explain(r.why->code));
            trouble = std::clamp(trouble * 2, trouble_delay_min, trouble_delay_max);
            co_await pauses_.pause(trouble);
            continue;
        }
        trouble = milliseconds{0};
        // What came while the flow is being stopped stays leased: a retry would cost the message an attempt.
        for (delivery& d : r.deliveries) {
            if (!stopping_) spawn(handle(std::move(d)), true);
        }
    }
} catch (const std::bad_alloc&) {  // what came and was not begun comes again once its lease has ended
    if (!stopping_) back_.add(*this);
}

asio::awaitable<void> runner::renew(std::shared_ptr<lease> held) {
    awaited<settlement> s(back_);
    s.action = settlement::action::renew;
    s.number = held->number;
    while (!held->over) {
        auto time = held->ended.wait(std::max(queue_.options().ack_timeout / 3, milliseconds{1}));
        co_await std::move(time);
        if (held->over) break;
        auto back = s.returned();
        queue_.settle(s);
        co_await std::move(back);
        if (s.outcome == settlement::outcome::unknown) break;
    }
}

std::string runner::name(const delivery& d) const {
    return fmt::format("flow of {}: message {} (id {}), attempt {}", queue_.label(), d.number, one_line(d.message.id),
                       d.message.attempt);
}

asio::awaitable<void> runner::handle(delivery d) {
    lease_end guard{std::make_shared<lease>(back_, d.number)};
    spawn(renew(guard.held), false);
    const result<std::string> key =
        results_ ? result_key(config_.key, d.message, queue_.name()) : result<std::string>(std::string());
    work_result said = co_await ask(d, key);
    if (said.began) unreached_since_.reset();
    if (said.verdict == work_result::verdict::retry) {
        if (pauses_.are_over()) co_return;  // given back: it stays leased, and comes again once the lease has ended
        if (!said.began || !is_last_attempt(queue_.options(), d.message.attempt)) {
            co_await settle_retry(d, said);
            co_return;
        }
        said.verdict = work_result::verdict::dead;
        said.body = fmt::format("{} (attempt {} of {})", said.body, d.message.attempt, queue_.options().max_attempts);
    }
    co_await conclude(d, key, std::move(said));
}

asio::awaitable<work_result> runner::ask(const delivery& d, const result<std::string>& key) {
    if (is_exhausted(queue_.options(), d.message.attempt))
        co_return work_ended(work_result::verdict::dead,
                             fmt::format("none of its {} attempts came to an end", queue_.options().max_attempts));
    if (!key) co_return work_ended(work_result::verdict::dead, key.error().text);
    const std::string_view from = queue_.name();
    co_return co_await worker_->call(d, from, config_.timeout);
}

/// A call that never began costs the message nothing, however often.
asio::awaitable<void> runner::settle_retry(const delivery& d, const work_result& said) {
    awaited<settlement> s(back_);
    s.action = said.began ? settlement::action::retry : settlement::action::release;
    s.number = d.number;
    s.delay = pause_before(d, said);
    s.reason = said.body;
    spdlog::info("{}: {}; {}again in {} ms", name(d), said.body, said.began ? "" : "it counts as none, ",
                 s.delay.count());
    co_await settle(s);
}

milliseconds runner::pause_before(const delivery& d, const work_result& said) {
    if (!said.began) return pause_before_worker();
    if (said.retry_after.count() > 0) return std::min(said.retry_after, retry_after_max);
    std::uniform_real_distribution<double> jitter(0, 1);
    return backoff(queue_.options(), d.message.attempt, jitter(random_));
}

/// As long again as there has been no worker, within the queue's back-off: whoever comes back is not waited for longer
/// than he was away.
milliseconds runner::pause_before_worker() {
    const auto now = steady::now();
    if (!unreached_since_) unreached_since_ = now;
    const queue_options& o = queue_.options();
    const auto away = std::chrono::duration_cast<milliseconds>(now - *unreached_since_);
    return std::max(jittered(std::clamp(away, o.backoff_min, o.backoff_max), random_), milliseconds(1));
}

/// Result, then ack.
asio::awaitable<void> runner::conclude(const delivery& d, const result<std::string>& key, work_result said) {
    std::optional<kept_result> kept;
    if (results_ && key) {
        kept.emplace();
        kept->store = config_.into;
        kept->key = *key;
        kept->error = said.verdict == work_result::verdict::dead;
        kept->flags = kept->error ? 0 : said.flags;
        kept->value = kept->error ? error_value(said.body) : std::move(said.body);
        if (config_.ttl.count() > 0) kept->expires = wall::now() + config_.ttl;
        auto is = co_await results_->put(*kept, config_.ttl);
        if (is == result_writer::stored::too_large && !kept->error) {
            said = work_ended(work_result::verdict::dead,
                              fmt::format("its result of {} bytes is larger than the store takes", kept->value.size()));
            kept->error = true;
            kept->flags = 0;
            kept->value = error_value(said.body);
            is = co_await results_->put(*kept, config_.ttl);
        }
        if (is == result_writer::stored::given_up) co_return;
        if (is == result_writer::stored::done) kept->replaces = true;
        else kept.reset();
    }
    if (keep_results_ && kept && kept->version != 0) {  // it may have been there for long before every site was told
        const bool is_there = co_await results_->has(*kept);
        if (!is_there) kept.reset();
    }
    awaited<settlement> s(back_);
    s.number = d.number;
    if (said.verdict == work_result::verdict::good) {
        s.action = settlement::action::ack;
    } else {
        spdlog::warn("{}: {}; a dead letter", name(d), said.body);
        s.action = settlement::action::dead;
        s.reason = std::move(said.body);
    }
    if (keep_results_) s.keep = std::move(kept);
    co_await settle(s);
}

/// What cannot be settled comes again once its lease has ended.
asio::awaitable<void> runner::settle(awaited<settlement>& s) {
    milliseconds trouble{0};
    for (;;) {
        auto back = s.returned();
        queue_.settle(s);
        co_await std::move(back);
        if (s.outcome != settlement::outcome::failed) co_return;
        const bool useless = s.why.code == errc::stopping || s.why.code == errc::journal_stopped;
        if (trouble.count() == 0)
            spdlog::warn("flow of {}: message {} is not settled, {} {}", queue_.label(), s.number, s.why.subject,
                         explain(s.why.code));
        if (pauses_.are_over() || useless) co_return;
        trouble = std::clamp(trouble * 2, trouble_delay_min, trouble_delay_max);
        co_await pauses_.pause(trouble);
        if (!s.keep) continue;
        const bool is_there = co_await results_->has(*s.keep);
        if (!is_there) s.keep.reset();
    }
}

}  // namespace

std::unique_ptr<flow> make_flow(shard& back, queue& from, store* into, const flow_config& config, bool keep_results,
                                std::unique_ptr<flow_worker> worker) {
    return std::make_unique<runner>(back, from, into, config, keep_results && into != nullptr, std::move(worker));
}

std::unique_ptr<flow> make_flow(shard& back, queue& from, store* into, const flow_config& config, bool keep_results) {
    const std::size_t limit = into != nullptr ? config.result_size_max_bytes : dropped_result_size_max_bytes;
    std::unique_ptr<flow_worker> worker;
    if (!config.exec.empty()) {
        worker = make_exec_worker(back, config.exec, config.env, limit);
    } else {
        const result<http_url> url = parse_http_url(config.url);
        if (!url) throw std::invalid_argument(url.error().text);
        http_options options;
        options.url = *url;
        options.result_size_max_bytes = limit;
        options.concurrency = std::clamp(config.concurrency, 1U, concurrency_max);
        options.proxy = config.proxy;
        options.ca_file = config.ca_file;
        worker = make_http_worker(back, options);
    }
    return make_flow(back, from, into, config, keep_results, std::move(worker));
}

}  // namespace freshet
