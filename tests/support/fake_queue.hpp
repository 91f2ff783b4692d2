// A queue in memory that remembers what was settled and fails when told to. It answers at once, or when a message
// comes.
#pragma once

#include <freshet/config.hpp>
#include <freshet/error.hpp>
#include <freshet/message.hpp>
#include <freshet/time.hpp>

#include "protocol/reply.hpp"
#include "queue/operations.hpp"
#include "queue/queue.hpp"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace freshet::test {

struct settled {
    enum settlement::action action{settlement::action::ack};
    std::uint64_t number{0};
    milliseconds delay{0};
    std::string reason;
    std::optional<kept_result> keep;
};

class fake_queue final : public queue {
public:
    explicit fake_queue(queue_options options = {}) : options_(options) {}

    const std::string& name() const noexcept override { return name_; }
    const std::string& label() const noexcept override { return label_; }
    const queue_options& options() const noexcept override { return options_; }
    std::uint64_t ready() const noexcept override { return 0; }
    std::uint64_t length() const noexcept override { return 0; }

    using queue::publish;
    void publish(publication& first, publication&) noexcept override {
        for (publication* p = &first; p != nullptr;) {
            auto* const after = static_cast<publication*>(p->next);
            put(p->message);
            p->outcome = publication::outcome::confirmed;
            p->home->post(*p);
            p = after;
        }
    }
    void receive(reception& r) noexcept override {
        const std::lock_guard lock(mutex_);
        largest_reception = std::max(largest_reception.load(), r.max);
        if (failing_receptions_ > 0) {
            --failing_receptions_;
            r.why = failure{errc::busy, effect::not_done, label_};
            return r.home->post(r);
        }
        if (r.history_made_up) {
            ++histories_made_up_;
            changed_.notify_all();
        }
        r.history_lost = false;
        waiting_.push_back(&r);
        hand_out();
    }
    void cancel(reception& r) noexcept override {
        const std::lock_guard lock(mutex_);
        for (auto at = waiting_.begin(); at != waiting_.end(); ++at) {
            if (*at != &r) continue;
            waiting_.erase(at);
            ++cancelled;
            return r.home->post(r);
        }
    }
    void settle(settlement& s) noexcept override {
        const std::lock_guard lock(mutex_);
        s.outcome = settlement::outcome::done;
        if (s.action == settlement::action::renew) {
            ++renewals_;
        } else if (failing_settlements_ > 0) {
            --failing_settlements_;
            if (when_one_fails) when_one_fails();
            s.outcome = settlement::outcome::failed;
            s.why = failure{errc::disk_full, effect::not_done, label_};
        } else {
            settled one;
            one.action = s.action;
            one.number = s.number;
            one.delay = s.delay;
            one.reason = s.reason;
            one.keep = s.keep;
            settled_.push_back(std::move(one));
        }
        changed_.notify_all();
        s.home->post(s);
    }

    /// Any thread.
    void put(message m) {
        const std::lock_guard lock(mutex_);
        delivery d;
        d.message = std::move(m);
        if (d.message.attempt == 0) d.message.attempt = 1;
        d.number = ++last_number_;
        messages_.push_back(std::move(d));
        hand_out();
    }
    /// The next reception is told, together with this message.
    void lose_history_before(message m) {
        const std::lock_guard lock(mutex_);
        delivery d;
        d.message = std::move(m);
        d.message.attempt = 1;
        d.number = ++last_number_;
        messages_.push_back(std::move(d));
        history_lost_ = true;
        hand_out();
    }
    bool wait_history_made_up(int n) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, seconds(60), [&] { return histories_made_up_ >= n; });
    }
    bool has_made_up_history() {
        const std::lock_guard lock(mutex_);
        return histories_made_up_ != 0;
    }
    std::size_t settled_count() {
        const std::lock_guard lock(mutex_);
        return settled_.size();
    }
    void fail_receptions(int n) {
        const std::lock_guard lock(mutex_);
        failing_receptions_ = n;
    }
    std::function<void()> when_one_fails{};  ///< set before the flow is started
    void fail_settlements(int n) {
        const std::lock_guard lock(mutex_);
        failing_settlements_ = n;
    }
    /// Waits until so many are settled, and returns them in the order in which they were.
    std::vector<settled> wait_settled(std::size_t n) {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, seconds(60), [&] { return settled_.size() >= n; });
        return settled_;
    }
    bool wait_renewed(int n) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, seconds(60), [&] { return renewals_ >= n; });
    }
    int renewals() {
        const std::lock_guard lock(mutex_);
        return renewals_;
    }

    std::atomic<std::size_t> largest_reception{0};
    std::atomic<int> cancelled{0};

private:
    void hand_out() {
        while (!waiting_.empty() && !messages_.empty()) {
            reception& r = *waiting_.front();
            waiting_.pop_front();
            r.history_lost = std::exchange(history_lost_, false);
            while (r.deliveries.size() < r.max && !messages_.empty()) {
                r.deliveries.push_back(std::move(messages_.front()));
                messages_.pop_front();
            }
            r.home->post(r);
        }
    }

    std::string name_{"thumbs"}, label_{"queue thumbs"};
    queue_options options_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<delivery> messages_;
    std::deque<reception*> waiting_;
    std::vector<settled> settled_;
    std::uint64_t last_number_{0};
    int failing_receptions_{0}, failing_settlements_{0}, renewals_{0}, histories_made_up_{0};
    bool history_lost_{false};
};

}  // namespace freshet::test
