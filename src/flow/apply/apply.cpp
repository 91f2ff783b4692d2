#include "flow/apply/apply.hpp"

#include "base/escape.hpp"
#include "flow/apply/change_origin.hpp"
#include "flow/apply/emptying.hpp"
#include "flow/apply/fitting.hpp"
#include "flow/apply/late_sets.hpp"
#include "flow/apply/server_boxes.hpp"
#include "flow/pauses.hpp"
#include "flow/worker.hpp"
#include "queue/operations.hpp"
#include "shard/free_list.hpp"
#include "shard/wait_while.hpp"
#include "store/applying.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <boost/intrusive/list.hpp>

#include <algorithm>
#include <cassert>
#include <condition_variable>
#include <map>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <utility>

namespace freshet {

namespace {

constexpr std::size_t applied_at_once = 512;     ///< changes that are here and not settled
constexpr milliseconds forgotten_after{30'000};  ///< that something has failed

class apply_flow;

/// Since when something has failed, and when it did last.
struct failing {
    steady::time_point since, last;
};

struct applied_message;

/// A change on its way into the box of its server.
struct boxed_change final : publication {
    void finish() override;
    applied_message* of{nullptr};
};

/// One message that is being applied, then settled.
struct applied_message final : applying, settlement, boost::intrusive::list_base_hook<> {
    applied_message() = default;
    void on_applied() override;
    void finish() override;
    std::size_t kept_bytes() const noexcept { return applying::kept_bytes(); }
    void release_memory() noexcept { applying::release_memory(); }

    apply_flow* of{nullptr};
    freshet::delivery delivery;
    boxed_change boxed;
};

struct change_reception final : reception {
    explicit change_reception(apply_flow& f) : of(f) {}
    void finish() override;
    apply_flow& of;
};

class apply_flow final : public flow, private ticker {
public:
    apply_flow(shard& back, queue& from, store& to, kept_clock& clock, const flow_config& config,
               const site_config& here, std::optional<box_places> boxes)
        : back_(back),
          queue_(from),
          to_(to),
          clock_(clock),
          config_(config),
          origin_(here, clock),
          late_("flow of " + from.label(), here.tombstone),
          tombstone_(here.tombstone),
          reception_(*this),
          emptying_(back, to, fmt::format("flow of {}: store {}", from.label(), config.apply), [this] { emptied(); }),
          free_(back) {
        reception_.home = &back_;
        if (boxes) boxes_.emplace(back, to, *std::move(boxes), clock, config_, tombstone_, late_);
    }
    ~apply_flow() override {
        stop(steady::now());
        if (back_.is_running()) back_.run_and_wait([this] { free_.reset(), boxes_.reset(); });
    }

    const flow_config& config() const noexcept override { return config_; }
    void start() override;
    void stop(steady::time_point deadline) override;

    void received();
    void applied(applied_message& m);
    void boxed(applied_message& m);
    void settled(applied_message& m);

private:
    void receive();
    void begin_those_that_came();
    void begin(delivery d);
    void begin(applied_message& m);
    void lost_history();
    bool waits_to_empty() const noexcept { return history_lost_ && !stopping_ && !emptying_.is_under_way(); }
    void empty_once_idle();
    void emptied();
    void refuse(applied_message& m, std::string why);
    void look_at_origin(version v, std::string_view site);
    void put_into_box(applied_message& m);
    void done(applied_message& m);
    void try_later(applied_message& m, const failure& why);
    void let_go(applied_message& m);
    void end_if_stopped();
    void tick(steady::time_point now) override;
    void wake();
    milliseconds rest(std::string_view subject, errc why, std::string_view what);

    shard& back_;
    queue& queue_;
    store& to_;
    kept_clock& clock_;
    flow_config config_;
    change_origin origin_;
    late_sets late_;
    seconds tombstone_;
    change_reception reception_;
    emptying emptying_;
    bool history_lost_{false};  ///< and the store is not emptied yet
    std::optional<free_list<applied_message>> free_;
    std::optional<server_boxes> boxes_;
    std::size_t busy_{0};
    bool receiving_{false}, resting_{false}, ticking_{false}, stopping_{false};
    steady::time_point receive_again_{}, settle_again_{};
    boost::intrusive::list<applied_message> unsettled_;    ///< whose settlement has failed
    std::map<std::string, failing, std::less<>> failing_;  ///< by who it is: a server, a queue

    std::mutex mutex_;
    std::condition_variable all_ended_;
    bool started_{false}, ended_{false};
};

void applied_message::on_applied() { of->applied(*this); }
void applied_message::finish() { of->settled(*this); }
void boxed_change::finish() { of->of->boxed(*of); }
void change_reception::finish() { of.received(); }

void apply_flow::start() {
    if (std::exchange(started_, true)) return;
    back_.run([this] {
        if (boxes_) boxes_->start();
        receive();
    });
}

void apply_flow::stop(steady::time_point) {
    if (!std::exchange(started_, false)) return;
    assert(!back_.here());
    back_.run([this] {
        stopping_ = true;
        if (boxes_) boxes_->stop();
        if (receiving_) queue_.cancel(reception_);
        emptying_.stop();
        resting_ = false;
        while (!unsettled_.empty()) {
            applied_message& m = unsettled_.front();
            unsettled_.pop_front();
            let_go(m);
        }
        if (std::exchange(ticking_, false)) back_.remove(*this);
        end_if_stopped();
    });
    std::unique_lock lock(mutex_);
    all_ended_.wait(lock, [this] { return ended_; });
    lock.unlock();
    wait_while(
        back_, [this] { return boxes_ && !boxes_->is_idle(); }, steady::time_point::max());
}

void apply_flow::end_if_stopped() {
    if (!stopping_ || receiving_ || busy_ != 0 || emptying_.is_under_way()) return;
    const std::lock_guard lock(mutex_);
    ended_ = true;
    all_ended_.notify_all();
}

void apply_flow::receive() {
    if (receiving_ || resting_ || stopping_ || history_lost_ || busy_ > applied_at_once / 2) return;
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
        receive_again_ = back_.now() + rest(reception_.why->subject, reception_.why->code, "changes cannot be had");
        resting_ = true;
        return wake();
    }
    reception_.history_made_up = false;
    if (reception_.history_lost && !stopping_) return lost_history();
    begin_those_that_came();
    receive();
    end_if_stopped();
}

/// What came while the flow is being stopped stays leased, and comes again.
void apply_flow::begin_those_that_came() {
    for (delivery& d : reception_.deliveries) {
        if (!stopping_) begin(std::move(d));
    }
}

void apply_flow::lost_history() {
    history_lost_ = true;
    if (boxes_) boxes_->drop(true);
    spdlog::warn(
        "flow of {}: some of what other sites have told never came; store {} is emptied before anything is applied",
        queue_.label(), config_.apply);
    wake();
}

/// What is under way, and what is in the boxes, came before the loss: put in behind the emptying, it would stay.
void apply_flow::empty_once_idle() {
    if (!waits_to_empty() || busy_ != 0 || (boxes_ && boxes_->any())) return;
    emptying_.begin();
}

void apply_flow::emptied() {
    if (stopping_) return end_if_stopped();
    spdlog::info("flow of {}: store {} is emptied; changes are applied again", queue_.label(), config_.apply);
    history_lost_ = false;
    if (boxes_) boxes_->drop(false);
    reception_.history_made_up = true;
    begin_those_that_came();
    receive();
}

void apply_flow::tick(steady::time_point now) {
    if (now >= settle_again_) {
        while (!unsettled_.empty()) {
            applied_message& m = unsettled_.front();
            unsettled_.pop_front();
            queue_.settle(m);
        }
    }
    if (resting_ && now >= receive_again_) {
        resting_ = false;
        receive();
    }
    empty_once_idle();
    if (resting_ || waits_to_empty() || !unsettled_.empty()) return;
    ticking_ = false;
    back_.remove(*this);
}

void apply_flow::wake() {
    if (std::exchange(ticking_, true)) return;
    back_.add(*this);
}

/// What there is no memory for comes again.
void apply_flow::begin(delivery d) {
    std::unique_ptr<applied_message> made;
    try {
        made = free_->take();
    } catch (const std::bad_alloc&) {
        return;  // when its lease ends
    }
    applied_message& m = *made.release();
    ++busy_;
    m.of = this;
    m.home = &back_;
    m.delivery = std::move(d);
    m.number = m.delivery.number;
    m.delay = {};
    m.reason.clear();
    try {
        begin(m);
    } catch (const std::bad_alloc&) {
        m.action = settlement::action::release;
        m.delay = trouble_delay_max;
        queue_.settle(m);
    }
}

void apply_flow::begin(applied_message& m) {
    auto change = read_change(m.delivery.message);
    if (!change) return refuse(m, change.error().text);
    const version v = change->what.version;
    const std::string_view site = site_of(m.delivery.message);
    if (auto why = origin_.refusal(v, site)) return refuse(m, *std::move(why));
    look_at_origin(v, site);
    clock_.met(v);
    if (boxes_ && boxes_->hold(change->key)) return put_into_box(m);
    make_fit(*change, config_.result_size_max_bytes);
    // What this site has told was put in before; but the item may have gone, and an older one come, meanwhile.
    const bool expected = boxes_ ? origin_.is_this_site(site) : origin_.is_this_process(v);
    if (m.applying::begin(back_, to_, *change, tombstone_, clock_.end(), expected)) applied(m);
}

void apply_flow::refuse(applied_message& m, std::string why) {
    spdlog::warn("flow of {}: message {} (id {}): {}; a dead letter", queue_.label(), m.number,
                 one_line(m.delivery.message.id), why);
    m.action = settlement::action::dead;
    m.reason = std::move(why);
    queue_.settle(m);
}

void apply_flow::look_at_origin(version v, std::string_view site) {
    if (const auto twin = origin_.twin(v, site, back_.now())) spdlog::error("flow of {}: {}", queue_.label(), *twin);
    if (const auto lead = origin_.lead(v, site, back_.now())) spdlog::warn("flow of {}: {}", queue_.label(), *lead);
}

void apply_flow::applied(applied_message& m) {
    if (m.applying::is() == applying::state::done) {
        if (m.was_too_late()) late_.note(m.written(), site_of(m.delivery.message), back_.now());
        done(m);
    } else if (boxes_ && !stopping_) {
        put_into_box(m);
    } else {
        try_later(m, m.store_failure());
    }
}

/// Confirmed there, it is done here.
void apply_flow::put_into_box(applied_message& m) {
    if (boxes_->drops(m.delivery.message.key)) return done(m);
    m.boxed.of = &m;
    m.boxed.home = &back_;
    m.boxed.message = std::move(m.delivery.message);
    m.boxed.passed_on = true;
    if (m.boxed.message.time == wall::time_point{}) m.boxed.message.time = wall::now();  // it may be its version
    boxes_->put(m.boxed);
}

void apply_flow::boxed(applied_message& m) {
    if (boxes_->told(m.boxed)) done(m);
    else try_later(m, m.boxed.why);
}

void apply_flow::done(applied_message& m) {
    m.action = settlement::action::ack;
    queue_.settle(m);
}

void apply_flow::try_later(applied_message& m, const failure& why) {
    m.action = settlement::action::release;
    m.delay = rest(why.subject, why.code, "changes wait");
    queue_.settle(m);
}

/// As long again as it has failed. That is said once, until it has not failed for a while.
milliseconds apply_flow::rest(std::string_view subject, errc why, std::string_view what) {
    const auto now = back_.now();
    auto at = failing_.find(subject);
    const bool anew = at == failing_.end() || now - at->second.last > forgotten_after;
    if (anew) {
        std::erase_if(failing_, [now](const auto& f) { return now - f.second.last > forgotten_after; });
        at = failing_.insert_or_assign(std::string(subject), failing{now, now}).first;
        spdlog::warn("flow of {}: {}, {} {}", queue_.label(), what, subject, explain(why));
    }
    at->second.last = now;
    return std::clamp(std::chrono::duration_cast<milliseconds>(now - at->second.since), trouble_delay_min,
                      trouble_delay_max);
}

/// What is not settled when the flow stops comes again, and is applied again.
void apply_flow::settled(applied_message& m) {
    const bool useless = m.why.code == errc::stopping || m.why.code == errc::journal_stopped;
    if (m.outcome != settlement::outcome::failed || stopping_ || useless) return let_go(m);
    const auto time = rest(m.why.subject, m.why.code, "what was applied is not settled");
    if (unsettled_.empty()) settle_again_ = back_.now() + time;
    unsettled_.push_back(m);
    wake();
}

void apply_flow::let_go(applied_message& m) {
    --busy_;
    m.delivery = {};
    m.boxed.message = {};
    free_->give_back(std::unique_ptr<applied_message>(&m));
    receive();
    end_if_stopped();
}

}  // namespace

std::unique_ptr<flow> make_apply_flow(shard& back, queue& from, store& to, kept_clock& clock, const flow_config& config,
                                      const site_config& here, std::optional<box_places> boxes) {
    return std::make_unique<apply_flow>(back, from, to, clock, config, here, std::move(boxes));
}

}  // namespace freshet
