#include <freshet/config.hpp>

#include "config/broker_options.hpp"
#include "queue/broker/delayed.hpp"
#include "queue/broker/queue.hpp"
#include "queue/broker/remote_queue.hpp"
#include "queue/journal/journal.hpp"
#include "queue/kafka/kafka.hpp"
#include "queue/outbox/outbox.hpp"
#include "queue/rabbitmq/rabbitmq.hpp"
#include "shard/shard.hpp"
#include "support/manual_clock.hpp"
#include "support/publish.hpp"
#include "support/queue_house.hpp"
#include "support/temporary_folder.hpp"

#include <cstdlib>
#include <map>
#include <optional>
#include <random>
#include <stdexcept>
#include <utility>
#include <vector>

namespace freshet::test {

namespace {

/// A journal in a folder of its own, by a clock that is moved by hand.
class manual_journal {
public:
    explicit manual_journal(manual_clock& clock) : clock_(clock) { open(); }

    journal& operator*() { return *journal_; }
    journal* operator->() { return journal_.get(); }
    void pass(milliseconds time) {
        journal_->results();  // what was lent before is taken in before
        clock_.pass(time);
        // The turn that answers the first may have begun before; the second is answered in another one.
        journal_->results();
        journal_->results();
    }
    void restart() {
        journal_.reset();
        open();
    }

private:
    void open() {
        auto opened = open_journal(
            {.path = folder_.file("journal"), .allow_tmpfs = true, .queues_max = 10, .defaults = {}}, clock_);
        if (!opened) throw std::runtime_error(opened.error().text);
        journal_ = *std::move(opened);
    }

    manual_clock& clock_;
    temporary_folder folder_;
    std::unique_ptr<journal> journal_;
};

class journal_house final : public queue_house {
public:
    ~journal_house() override { stop(); }

    bool can(ability) const override { return true; }

    queue& open(std::string_view name, const queue_options& options) override { return journal_->open(name, options); }
    queue* find(std::string_view name) override { return journal_->find(name).get(); }
    void pass(milliseconds time) override { journal_.pass(time); }
    void step(milliseconds by) override { clock_.step(by); }
    wall::time_point date() const override { return clock_.now().date; }
    void dead_letters(dead_request& r) override { journal_->dead_letters(r); }
    std::vector<kept_result> results() override { return journal_->results(); }
    void stop() override { journal_->stop(); }
    void restart() override { journal_.restart(); }

private:
    manual_clock clock_;
    manual_journal journal_{clock_};
};

/// Queues on a broker, with names that nobody else has, and perhaps with a journal for what waits for its time.
class broker_house : public queue_house {
public:
    enum class helper { none, later, outbox };
    explicit broker_house(helper which) {
        if (which == helper::later) later_.emplace(clock_);
        if (which == helper::outbox) outbox_.emplace(clock_);
        back_.start();
    }
    ~broker_house() override {
        queues_.clear();
        back_.stop();
    }

    queue& open(std::string_view name, const queue_options& options) override {
        const std::string key(name);
        if (const auto at = queues_.find(key); at != queues_.end()) return *at->second;
        auto made = make(key, options);
        ticking_.push_back(static_cast<broker_queue*>(made.get()));
        if (outbox_) {
            queue& box = (*outbox_)->open(key + "/outbox", outbox_options(options));
            made = put_outbox_before(back_, std::move(made), box);
        }
        queues_[key] = std::move(made);
        queues_[key]->start();
        wait_for(*queues_[key]);
        return *queues_[key];
    }
    queue* find(std::string_view name) override {
        const auto at = queues_.find(std::string(name));
        return at != queues_.end() ? at->second.get() : nullptr;
    }
    bool can(ability what) const override {
        if (what == ability::lasting_pauses) return later_.has_value();
        return what == ability::old_places && !later_;
    }
    void pass(milliseconds time) override {
        back_.run_and_wait([] {});  // what was lent before is taken in before
        if (later_) later_->pass(time);
        else clock_.pass(time);
        back_.run_and_wait([this] {
            for (broker_queue* const q : ticking_) q->tick(steady::now());
        });
    }
    void step(milliseconds by) override { clock_.step(by); }
    wall::time_point date() const override { return clock_.now().date; }
    void dead_letters(dead_request& r) override { r.home->post(r); }
    std::vector<kept_result> results() override { return {}; }
    void stop() override {
        for (auto& [name, q] : queues_) q->stop(steady::now() + seconds(60));
    }
    void restart() override {
        stop();
        queues_.clear();
        ticking_.clear();
        if (later_) later_->restart();
        if (outbox_) outbox_->restart();
    }

protected:
    virtual std::unique_ptr<remote_queue> make(const std::string& name, const queue_options& options) = 0;
    std::string name_there(const std::string& name) const { return tag_ + name; }
    void fill(broker_options& to, const std::string& name, const queue_options& options) {
        to.name = name;
        to.queue = options;
        to.declare = declaration::create;
        to.prefetch = 30'000;
        to.unconfirmed_max = 100'000;
        if (later_) to.later = &(*later_)->open(name + "/later", later_options());
    }

    shard back_{"back"};
    manual_clock clock_;

private:
    /// Until the broker answers. It takes nothing.
    void wait_for(queue& q) {
        for (bool answers = false; !answers;) {
            awaited<reception> r(back_);
            r.max = 0;
            q.receive(r);
            r.wait_home();
            answers = !r.why;
        }
    }

    std::optional<manual_journal> later_, outbox_;
    std::vector<broker_queue*> ticking_;
    std::map<std::string, std::unique_ptr<remote_queue>> queues_;
    std::string tag_{"contract-" + std::to_string(std::random_device{}()) + "-"};
};

const char* rabbitmq_url() { return std::getenv("FRESHET_TEST_RABBITMQ"); }

class rabbitmq_house final : public broker_house {
public:
    using broker_house::broker_house;

private:
    std::unique_ptr<remote_queue> make(const std::string& name, const queue_options& options) override {
        queue_config c;
        c.urls = {rabbitmq_url()};
        auto there = rabbitmq_of(c);
        if (!there) throw std::runtime_error(there.error().text);
        fill(*there, name, options);
        there->queue_name = name_there(name);
        return make_rabbitmq_queue(back_, *there, clock_);
    }
};

const char* kafka_servers() { return std::getenv("FRESHET_TEST_KAFKA"); }

class kafka_house final : public broker_house {
public:
    using broker_house::broker_house;

private:
    std::unique_ptr<remote_queue> make(const std::string& name, const queue_options& options) override {
        kafka_options there;
        fill(there, name, options);
        there.servers = kafka_servers();
        there.topic = name_there(name);
        there.group = there.topic;
        there.linger = milliseconds(1);
        auto made = make_kafka_queue(back_, there, clock_);
        if (!made) throw std::runtime_error(made.error().text);
        return *std::move(made);
    }
};

template <class House, auto... Helper>
std::unique_ptr<queue_house> make() {
    return std::make_unique<House>(Helper...);
}

}  // namespace

std::vector<queue_kind> queue_kinds() {
    using helper = broker_house::helper;
    std::vector<queue_kind> kinds{{"journal", make<journal_house>}};
    if (rabbitmq_url() != nullptr) {
        kinds.push_back({"rabbitmq", make<rabbitmq_house, helper::none>});
        kinds.push_back({"rabbitmq_later", make<rabbitmq_house, helper::later>});
        kinds.push_back({"rabbitmq_outbox", make<rabbitmq_house, helper::outbox>});
    }
    if (kafka_servers() != nullptr) {
        kinds.push_back({"kafka", make<kafka_house, helper::none>});
        kinds.push_back({"kafka_later", make<kafka_house, helper::later>});
    }
    return kinds;
}

}  // namespace freshet::test
