// A broker in memory, and the way to it and back, on which everything comes late, in order, or is lost with the
// connection. What the queue must not ask of it is a fault, which the test reads: on a shard nothing can be thrown.
#pragma once

#include <freshet/error.hpp>
#include <freshet/message.hpp>

#include "queue/broker/link.hpp"
#include "queue/operations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace freshet::test {

class model_broker final : public broker_link {
public:
    explicit model_broker(link_owner& owner) : owner_(owner) {}

    // ---- what the test makes happen

    void connect() {
        connected_ = true;
        ++epoch_;
        if (wanted_) subscribe(window_);
        owner_.connected();
        owner_.publishable(true);
    }
    void lose() {
        connected_ = false;
        to_broker_.clear();
        to_owner_.clear();
        asked_ = false;
        subscribed_ = granted_ = 0;
        open_ = 0;
        came_.clear();
        take_all_back();
        last_tag_ = 0;
        for (publication* const p : std::exchange(unconfirmed_, {}))
            tell(*p, publication::outcome::failed, {errc::unreachable, effect::maybe_done, {}});
        owner_.revoked();
        owner_.disconnected();
        owner_.publishable(false);
    }
    /// The broker does what it was asked first. False: nothing.
    bool work() {
        if (to_broker_.empty()) return false;
        const auto first = std::move(to_broker_.front());
        to_broker_.pop_front();
        first();
        deliver();
        return true;
    }
    /// What the broker said first comes. False: nothing.
    bool bring() {
        if (to_owner_.empty()) return false;
        const auto first = std::move(to_owner_.front());
        to_owner_.pop_front();
        first();
        owner_.arrivals_over();
        return true;
    }
    /// Somebody else publishes.
    void put(std::string body) {
        accept(std::move(body), {});
        if (connected_) deliver();
    }

    bool is_quiet() const noexcept { return connected_ && to_broker_.empty() && to_owner_.empty(); }
    bool has(const std::string& body) const { return accepted_.contains(body); }
    bool has_dead(const std::string& body) const { return dead_.contains(body); }
    std::size_t ready() const noexcept { return ready_.size(); }
    std::size_t unacknowledged() const noexcept { return unacknowledged_.size(); }
    /// Which connection it is.
    unsigned epoch() const noexcept { return epoch_; }
    std::vector<std::string> take_settled() { return std::exchange(settled_, {}); }
    std::vector<std::string> take_given_back() { return std::exchange(given_back_, {}); }

    bool refuses{false};      ///< what is published
    bool others_want{false};  ///< messages of it
    std::string fault;

    // ---- the link

    void start() override {}
    void publish(publication& p, lane to, std::string_view) override {
        if (!connected_) fault = "something was published without a connection";
        unconfirmed_.push_back(&p);
        to_broker_.push_back([this, &p, to] { take(p, to); });
    }
    void flush() override {}
    void acknowledge(delivery_tag tag) override {
        over(tag, "acknowledged");
        to_broker_.push_back([this, tag] { settled_.push_back(forget(tag).body); });
    }
    void give_back(delivery_tag tag) override {
        given_back_.push_back(over(tag, "given back"));
        to_broker_.push_back([this, tag] { take_back(forget(tag)); });
    }
    void consume(std::size_t more) override {
        wanted_ = true;
        window_ += more;
        if (connected_) subscribe(more);
    }
    void pause() override { close(); }
    std::size_t room() const noexcept override { return window_ - std::min(open_, window_); }
    void ask_for_others() override {
        if (!connected_) return;
        to_broker_.push_back([this] {
            if (others_want) to_owner_.push_back([this] { owner_.others_wait(); });
        });
    }
    void rest() override {
        wanted_ = false;
        came_.clear();
        close();
        rested_ = subscriptions_;  // what is on its way is dropped
        if (connected_) to_broker_.push_back([this] { take_all_back(); });
    }
    void level() override {
        if (std::exchange(asked_, true)) fault = "a question was asked before the one before was answered";
        to_broker_.push_back([this] {
            to_owner_.push_back([this, ready = ready_.size()] {
                asked_ = false;
                owner_.levelled(ready);
            });
        });
    }
    bool is_connected() const noexcept override { return connected_; }
    bool can_publish() const noexcept override { return connected_; }
    bool has_unconfirmed() const noexcept override { return !unconfirmed_.empty(); }
    void stop() override {}

private:
    struct kept {
        std::string body;
        wall::time_point not_before;
        std::uint64_t serial{0};  ///< and its place
        bool redelivered{false};
        std::uint64_t subscription{0};
    };

    void accept(std::string body, wall::time_point not_before) {
        accepted_.insert(body);
        ++serials_;
        ready_[serials_] = {std::move(body), not_before, serials_, false, 0};
    }
    void take(publication& p, lane to) {
        if (!refuses && to == lane::dead) dead_.insert(p.message.body);
        if (!refuses && to == lane::work) accept(p.message.body, p.message.not_before);
        to_owner_.push_back([this, &p, refused = refuses] {
            std::erase(unconfirmed_, &p);
            if (refused) tell(p, publication::outcome::failed, {errc::broker_refused, effect::not_done, {}});
            else tell(p, publication::outcome::confirmed, {});
        });
    }
    void tell(publication& p, enum publication::outcome outcome, failure why) {
        p.outcome = outcome;
        p.why = why;
        owner_.published(p);
    }
    void subscribe(std::size_t more) {
        to_broker_.push_back([this, more, subscription = subscriptions_] {
            subscribed_ = subscription;
            granted_ += more;
        });
    }
    void close() {
        ++subscriptions_;
        window_ = open_ = 0;
        if (connected_) to_broker_.push_back([this] { subscribed_ = granted_ = 0; });
    }
    void deliver() {
        const auto open = [this] {
            return static_cast<std::size_t>(
                std::count_if(unacknowledged_.begin(), unacknowledged_.end(),
                              [this](const auto& one) { return one.second.subscription == subscribed_; }));
        };
        while (subscribed_ != 0 && !ready_.empty() && open() < granted_) {
            kept one = std::move(ready_.extract(ready_.begin()).mapped());
            one.subscription = subscribed_;
            const kept& sent = unacknowledged_[++last_tag_] = std::move(one);
            to_owner_.push_back([this, sent, tag = last_tag_] { arrive(sent, tag); });
        }
    }
    void arrive(const kept& one, delivery_tag tag) {
        if (!wanted_ || one.subscription < rested_) return;
        came_[tag] = one;
        open_ += one.subscription == subscriptions_;
        arrival a;
        a.message.body = one.body;
        a.message.not_before = one.not_before;
        a.serial = one.serial;
        a.tag = tag;
        a.redelivered = one.redelivered;
        owner_.arrived(std::move(a));
    }
    std::string over(delivery_tag tag, std::string_view what) {
        const auto came = came_.find(tag);
        if (came == came_.end()) {
            fault = fmt::format("{} was {}, which is no tag of this connection", tag, what);
            return {};
        }
        open_ -= came->second.subscription == subscriptions_;
        return came_.extract(came).mapped().body;
    }
    /// A tag that has come: nobody else takes it out of there.
    kept forget(delivery_tag tag) {
        const auto found = unacknowledged_.find(tag);
        return found != unacknowledged_.end() ? unacknowledged_.extract(found).mapped() : kept{};
    }
    void take_back(kept one) {
        if (one.serial == 0) return;
        one.redelivered = true;
        const std::uint64_t place = one.serial;
        ready_[place] = std::move(one);
    }
    void take_all_back() {
        for (auto& [tag, one] : std::exchange(unacknowledged_, {})) take_back(std::move(one));
    }

    link_owner& owner_;
    std::deque<std::function<void()>> to_broker_, to_owner_;
    // At the broker:
    std::map<std::uint64_t, kept> ready_;
    std::map<delivery_tag, kept> unacknowledged_;
    std::set<std::string> accepted_, dead_;
    std::uint64_t serials_{0}, subscribed_{0};
    std::size_t granted_{0};
    delivery_tag last_tag_{0};
    std::vector<std::string> settled_, given_back_;
    // Here:
    bool connected_{false}, wanted_{false}, asked_{false};
    unsigned epoch_{0};
    std::size_t window_{0}, open_{0};
    std::uint64_t subscriptions_{1}, rested_{0};  ///< those between two pauses count as one
    std::map<delivery_tag, kept> came_;
    std::vector<publication*> unconfirmed_;
};

}  // namespace freshet::test
