#include "flow/apply.hpp"

#include "base/escape.hpp"
#include "flow/worker.hpp"
#include "queue/operations.hpp"
#include "shard/free_list.hpp"
#include "store/applying.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <boost/intrusive/list.hpp>

#include <algorithm>
#include <cassert>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace freshet {

namespace {

constexpr std::size_t applied_at_once = 1'024;  ///< changes that are here and not settled
constexpr milliseconds rest_min{100}, rest_max{5'000};

class apply_flow;

/// One message that is being applied, then settled.
struct applied_message final : applying, settlement {
    applied_message() = default;
    void on_applied() override;
    void finish() override;
    std::size_t kept_bytes() const noexcept { return applying::kept_bytes(); }
    void release_memory() noexcept { applying::release_memory(); }

    apply_flow* of{nullptr};
    freshet::delivery delivery;
};

struct change_reception final : reception {
    explicit change_reception(apply_flow& f) : of(f) {}
    void finish() override;
    apply_flow& of;
};

class apply_flow final : public flow, private ticker {
public:
    apply_flow(shard& back, queue& from, store& to, kept_clock& clock, recently_applied& own, const flow_config& config,
               seconds tombstone)
        : back_(back),
          queue_(from),
          to_(to),
          clock_(clock),
          own_(own),
          config_(config),
          tombstone_(tombstone),
          reception_(*this),
          free_(back) {
        reception_.home = &back_;
    }
    ~apply_flow() override {
        stop(steady::now());
        if (back_.is_running()) back_.run_and_wait([this] { free_.reset(); });
    }

    const flow_config& config() const noexcept override { return config_; }
    void start() override;
    void stop(steady::time_point deadline) override;

    void received();
    void applied(applied_message& m);
    void settled(applied_message& m);

private:
    void receive();
    void begin(delivery d);
    void settle(applied_message& m);
    void end_if_stopped();
    void tick(steady::time_point now) override;
    milliseconds rest();

    shard& back_;
    queue& queue_;
    store& to_;
    kept_clock& clock_;
    recently_applied& own_;
    flow_config config_;
    seconds tombstone_;
    change_reception reception_;
    std::optional<free_list<applied_message>> free_;
    std::size_t busy_{0};
    bool receiving_{false}, resting_{false}, stopping_{false};
    steady::time_point receive_again_{};
    std::optional<steady::time_point> failing_since_{};

    std::mutex mutex_;
    std::condition_variable all_ended_;
    bool started_{false}, ended_{false};
};

void applied_message::on_applied() { of->applied(*this); }
void applied_message::finish() { of->settled(*this); }
void change_reception::finish() { of.received(); }

void apply_flow::start() {
    if (std::exchange(started_, true)) return;
    back_.run([this] { receive(); });
}

void apply_flow::stop(steady::time_point) {
    if (!std::exchange(started_, false)) return;
    assert(!back_.here());
    back_.run([this] {
        stopping_ = true;
        if (receiving_) queue_.cancel(reception_);
        if (std::exchange(resting_, false)) back_.remove(*this);
        end_if_stopped();
    });
    std::unique_lock lock(mutex_);
    all_ended_.wait(lock, [this] { return ended_; });
    lock.unlock();
    back_.run_and_wait([] {});
}

void apply_flow::end_if_stopped() {
    if (!stopping_ || receiving_ || busy_ != 0) return;
    const std::lock_guard lock(mutex_);
    ended_ = true;
    all_ended_.notify_all();
}

void apply_flow::receive() {
    if (receiving_ || resting_ || stopping_ || busy_ > applied_at_once / 2) return;
    receiving_ = true;
    reception_.max = applied_at_once - busy_;
    reception_.wait = milliseconds::max();
    reception_.exhausted_too = true;
    reception_.deliveries.clear();
    reception_.why.reset();
    queue_.receive(reception_);
}

void apply_flow::received() {
    receiving_ = false;
    if (reception_.why && !stopping_) {
        const milliseconds time = rest();
        spdlog::warn("flow of {}: {} {}; again in {} ms", queue_.label(), reception_.why->subject,
                     explain(reception_.why->code), time.count());
        receive_again_ = back_.now() + time;
        resting_ = true;
        back_.add(*this);
        return;
    }
    // What came while the flow is being stopped stays leased, and comes again.
    for (delivery& d : reception_.deliveries) {
        if (!stopping_) begin(std::move(d));
    }
    receive();
    end_if_stopped();
}

void apply_flow::tick(steady::time_point now) {
    if (now < receive_again_) return;
    resting_ = false;
    back_.remove(*this);
    receive();
}

void apply_flow::begin(delivery d) {
    ++busy_;
    applied_message& m = *free_->take().release();
    m.of = this;
    m.home = &back_;
    m.delivery = std::move(d);
    m.number = m.delivery.number;
    m.delay = {};
    m.reason.clear();
    const auto change = read_change(m.delivery.message);
    if (!change) {
        spdlog::warn("flow of {}: message {} (id {}): {}; a dead letter", queue_.label(), m.number,
                     one_line(m.delivery.message.id), change.error().text);
        m.action = settlement::action::dead;
        m.reason = change.error().text;
        return settle(m);
    }
    clock_.met(change->what.version);
    if (own_.take(change->what.version)) {
        m.action = settlement::action::ack;
        return settle(m);
    }
    if (m.applying::begin(back_, to_, *change, tombstone_)) applied(m);
}

void apply_flow::applied(applied_message& m) {
    if (m.applying::is() == applying::state::done) {
        failing_since_.reset();
        m.action = settlement::action::ack;
    } else {
        const bool said = failing_since_.has_value();
        m.action = settlement::action::release;
        m.delay = rest();
        if (!said)
            spdlog::warn("flow of {}: changes wait, {} {}", queue_.label(), m.store_failure().subject,
                         explain(m.store_failure().code));
    }
    settle(m);
}

/// As long again as the store, or the queue, has failed.
milliseconds apply_flow::rest() {
    const auto now = steady::now();
    if (!failing_since_) failing_since_ = now;
    return std::clamp(std::chrono::duration_cast<milliseconds>(now - *failing_since_), rest_min, rest_max);
}

void apply_flow::settle(applied_message& m) { queue_.settle(m); }

/// What could not be settled comes again once its lease has ended, and is applied again.
void apply_flow::settled(applied_message& m) {
    if (m.outcome == settlement::outcome::failed && !stopping_)
        spdlog::warn("flow of {}: message {} is not settled, {} {}", queue_.label(), m.number, m.why.subject,
                     explain(m.why.code));
    --busy_;
    free_->give_back(std::unique_ptr<applied_message>(&m));
    receive();
    end_if_stopped();
}

}  // namespace

std::unique_ptr<flow> make_apply_flow(shard& back, queue& from, store& to, kept_clock& clock, recently_applied& own,
                                      const flow_config& config, seconds tombstone) {
    return std::make_unique<apply_flow>(back, from, to, clock, own, config, tombstone);
}

}  // namespace freshet
