#include "queue/outbox/outbox.hpp"

#include "queue/outbox/forwarder.hpp"
#include "shard/wait_while.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

namespace freshet {

namespace {

class outbox final : public remote_queue {
public:
    outbox(shard& back, std::unique_ptr<remote_queue> broker, queue& box)
        : back_(back),
          broker_(std::move(broker)),
          box_(box),
          forwarder_(back, box, broker_->label(),
                     [&to = *broker_](publication& first, publication& last) { to.publish(first, last); }) {}
    ~outbox() override { stop(steady::now()); }

    const std::string& name() const noexcept override { return broker_->name(); }
    const std::string& label() const noexcept override { return broker_->label(); }
    const queue_options& options() const noexcept override { return broker_->options(); }
    std::uint64_t ready() const noexcept override { return broker_->ready(); }
    std::uint64_t length() const noexcept override { return broker_->length(); }
    queue_figures figures() const noexcept override {
        queue_figures all = broker_->figures();
        const queue_figures box = box_.figures();
        all.outbox = {box_.length(), box.oldest};
        all.dead = box.dead;
        return all;
    }

    using queue::publish;
    void publish(publication& first, publication& last) noexcept override;
    void receive(reception& r) noexcept override { broker_->receive(r); }
    void cancel(reception& r) noexcept override { broker_->cancel(r); }
    void settle(settlement& s) noexcept override { broker_->settle(s); }

    void start() override {
        broker_->start();
        back_.run([this] { forwarder_.start(); });
    }
    bool is_connected() const noexcept override { return broker_->is_connected(); }
    void stop(steady::time_point deadline) override;

private:
    shard& back_;
    std::unique_ptr<remote_queue> broker_;
    queue& box_;
    forwarder forwarder_;
    bool stopped_{false};
};

/// Which ids a broker had before is not known here either: it says so.
void outbox::publish(publication& first, publication& last) noexcept {
    bool any_unique = false;
    for (const operation* o = &first; o != nullptr; o = o->next)
        any_unique = any_unique || static_cast<const publication&>(*o).unique;
    if (!any_unique) return box_.publish(first, last);
    for (operation* o = &first; o != nullptr;) {
        auto& one = static_cast<publication&>(*std::exchange(o, o->next));
        if (one.unique) broker_->publish(one);
        else box_.publish(one);
    }
}

void outbox::stop(steady::time_point deadline) {
    if (std::exchange(stopped_, true)) return;
    if (!back_.is_running()) return broker_->stop(deadline);
    back_.run_and_wait([this] { forwarder_.stop(); });
    wait_while(
        back_, [this] { return forwarder_.is_sending(); }, deadline);
    broker_->stop(deadline);
    wait_while(
        back_, [this] { return !forwarder_.is_idle(); }, steady::time_point::max());  // a journal answers always
}

}  // namespace

queue_options outbox_options(const queue_options& of_queue) {
    queue_options o = of_queue;
    o.plain = o.harmless = true;
    o.ordered = o.expire = false;
    o.max_attempts = 0;
    o.ack_timeout = std::chrono::hours(24 * 365 * 10);  // of handing one to the broker, which is tried for ever
    return o;
}

std::unique_ptr<remote_queue> put_outbox_before(shard& back, std::unique_ptr<remote_queue> broker, queue& box) {
    return std::make_unique<outbox>(back, std::move(broker), box);
}

}  // namespace freshet
