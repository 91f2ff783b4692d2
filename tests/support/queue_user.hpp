// Uses a queue as a program does that waits for each answer. Not from the home shard.
#pragma once

#include <freshet/error.hpp>
#include <freshet/message.hpp>
#include <freshet/time.hpp>

#include "protocol/reply.hpp"
#include "queue/operations.hpp"
#include "queue/queue.hpp"
#include "shard/shard.hpp"
#include "support/publish.hpp"

#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace freshet::test {

class queue_user {
public:
    using outcome = enum publication::outcome;
    using action = enum settlement::action;
    using settled = enum settlement::outcome;

    queue_user(shard& home, queue& q) : home_(&home), queue_(&q) {}

    queue& of() const noexcept { return *queue_; }

    struct answer {
        queue_user::outcome outcome;
        failure why;
        std::string id;
    };
    answer publish(message m, bool unique = false) {
        awaited<publication> p(*home_);
        p.message = std::move(m);
        p.unique = unique;
        queue_->publish(p);
        p.wait_home();
        return {p.outcome, p.why, p.message.id};
    }
    answer publish(std::string body) {
        message m;
        m.body = std::move(body);
        return publish(std::move(m));
    }
    /// In one chain; all must be confirmed.
    void publish_all(std::vector<message> messages) {
        std::vector<std::unique_ptr<awaited<publication>>> chain;
        for (message& m : messages) {
            chain.push_back(std::make_unique<awaited<publication>>(*home_));
            chain.back()->message = std::move(m);
            if (chain.size() > 1) chain[chain.size() - 2]->next = chain.back().get();
        }
        queue_->publish(*chain.front(), *chain.back());
        for (const auto& p : chain) {
            p->wait_home();
            EXPECT_EQ(p->outcome, publication::outcome::confirmed) << explain(p->why.code);
        }
    }

    /// All that was confirmed has come from where it is, when this returns: from an outbox, too.
    void catch_up() {
        while (queue_->figures().outbox.value_or(queue_figures::waiting{}).length != 0)
            std::this_thread::sleep_for(milliseconds(1));
        receive(0, milliseconds(0));
    }
    /// What is there now.
    std::vector<delivery> receive(std::size_t max = 1'000) {
        catch_up();
        return receive(max, milliseconds(0));
    }
    std::vector<delivery> receive(std::size_t max, milliseconds wait, bool settle_at_once = false,
                                  bool exhausted_too = false) {
        awaited<reception> r(*home_);
        r.max = max;
        r.wait = wait;
        r.settle_at_once = settle_at_once;
        r.exhausted_too = exhausted_too;
        queue_->receive(r);
        r.wait_home();
        EXPECT_FALSE(r.why) << explain(r.why->code);
        return std::move(r.deliveries);
    }
    /// The one that is there now; fails the test when there is none.
    delivery receive_one() {
        auto all = receive(1);
        EXPECT_EQ(all.size(), 1U) << "nothing is there";
        return all.empty() ? delivery{} : std::move(all.front());
    }
    /// The bodies of what is there now; they are leased.
    std::vector<std::string> receive_bodies(std::size_t max = 1'000) {
        std::vector<std::string> bodies;
        for (const delivery& d : receive(max)) bodies.push_back(d.message.body);
        return bodies;
    }

    settled settle(queue_user::action what, std::uint64_t number, milliseconds delay = milliseconds(0),
                   std::string reason = {}, std::optional<kept_result> keep = {}) {
        awaited<settlement> s(*home_);
        s.action = what;
        s.number = number;
        s.delay = delay;
        s.reason = std::move(reason);
        s.keep = std::move(keep);
        queue_->settle(s);
        s.wait_home();
        return s.outcome;
    }
    /// Only while the lease of this very delivery lasts.
    settled settle_attempt(queue_user::action what, const delivery& d) {
        awaited<settlement> s(*home_);
        s.action = what;
        s.number = d.number;
        s.attempt = d.message.attempt;
        queue_->settle(s);
        s.wait_home();
        return s.outcome;
    }
    settled release(const delivery& d) { return settle(action::release, d.number); }
    settled ack(const delivery& d) { return settle(action::ack, d.number); }
    settled retry(const delivery& d, milliseconds delay = milliseconds(0)) {
        return settle(action::retry, d.number, delay);
    }

private:
    shard* home_;
    queue* queue_;
};

}  // namespace freshet::test
