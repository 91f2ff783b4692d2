// A queue that keeps what it was lent until the test, which is the home shard itself, says how it went.
#pragma once

#include <freshet/config.hpp>
#include <freshet/error.hpp>
#include <freshet/message.hpp>

#include "queue/operations.hpp"
#include "queue/queue.hpp"

#include <algorithm>
#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace freshet::test {

class hand_queue final : public queue {
public:
    explicit hand_queue(std::string name, queue_options options = {})
        : name_(std::move(name)), label_("queue " + name_), options_(options) {}

    const std::string& name() const noexcept override { return name_; }
    const std::string& label() const noexcept override { return label_; }
    const queue_options& options() const noexcept override { return options_; }
    std::uint64_t ready() const noexcept override { return waiting; }
    std::uint64_t length() const noexcept override { return waiting; }

    void hold() noexcept override { ++holders; }
    void let_go() noexcept override { --holders; }

    using queue::publish;
    void publish(publication& first, publication&) noexcept override {
        for (auto* p = &first; p != nullptr; p = static_cast<publication*>(p->next)) published.push_back(p);
    }
    void receive(reception& r) noexcept override { receptions.push_back(&r); }
    void cancel(reception& r) noexcept override { cancelled += std::count(receptions.begin(), receptions.end(), &r); }
    void settle(settlement& s) noexcept override { settlements.push_back(&s); }

    void answer_publication(enum publication::outcome o, failure why = {}) {
        publication& p = *take(published);
        p.outcome = o;
        p.why = why;
        p.finish();
    }
    /// Number 0: nothing came.
    void answer_reception(std::uint64_t number, std::string body = {}) {
        reception& r = *take(receptions);
        if (number != 0) {
            delivery d;
            d.number = number;
            d.message.body = std::move(body);
            d.message.flags = 5;
            r.deliveries.push_back(std::move(d));
        }
        r.finish();
    }
    /// Numbers go on.
    void hand_out(std::vector<message> messages) {
        reception& r = *take(receptions);
        for (message& m : messages) {
            delivery& d = r.deliveries.emplace_back();
            d.number = ++numbers;
            d.message = std::move(m);
        }
        r.finish();
    }
    void fail_reception(failure why) {
        reception& r = *take(receptions);
        r.why = why;
        r.finish();
    }
    void answer_settlement(enum settlement::outcome o, failure why = {}) {
        settlement& s = *take(settlements);
        s.outcome = o;
        s.why = why;
        s.finish();
    }

    std::deque<publication*> published;
    std::deque<reception*> receptions;
    std::deque<settlement*> settlements;
    std::ptrdiff_t cancelled{0};
    std::uint64_t waiting{0};
    std::uint64_t numbers{0};  ///< given by hand_out()
    std::ptrdiff_t holders{0};

private:
    template <class Operation>
    static Operation* take(std::deque<Operation*>& from) {
        Operation* const o = from.front();
        from.pop_front();
        return o;
    }

    std::string name_, label_;
    queue_options options_;
};

}  // namespace freshet::test
