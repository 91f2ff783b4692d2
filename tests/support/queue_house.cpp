#include "support/queue_house.hpp"

#include "queue/journal.hpp"
#include "queue/kafka.hpp"
#include "queue/linked_queue.hpp"
#include "queue/rabbitmq.hpp"
#include "support/manual_clock.hpp"
#include "support/publish.hpp"
#include "support/temporary_folder.hpp"

#include <freshet/config.hpp>

#include <cstdlib>
#include <map>
#include <random>
#include <stdexcept>

namespace freshet::test {

namespace {

class journal_house final : public queue_house {
public:
    journal_house() { start(); }
    ~journal_house() override { stop(); }

    bool can(ability) const override { return true; }

    queue& open(std::string_view name, const queue_options& options) override { return journal_->open(name, options); }
    queue* find(std::string_view name) override { return journal_->find(name); }
    void pass(milliseconds time) override {
        journal_->results();  // what was lent before is taken in before
        clock_.pass(time);
        // The turn that answers the first may have begun before; the second is answered in another one.
        journal_->results();
        journal_->results();
    }
    wall::time_point date() const override { return clock_.now().date; }
    void dead_letters(dead_request& r) override { journal_->dead_letters(r); }
    std::vector<kept_result> results() override { return journal_->results(); }
    void stop() override { journal_->stop(); }
    void restart() override {
        journal_.reset();
        start();
    }

private:
    void start() {
        auto opened = open_journal(
            {.path = folder_.file("journal"), .allow_tmpfs = true, .queues_max = 10, .defaults = {}}, clock_);
        if (!opened) throw std::runtime_error(opened.error().text);
        journal_ = *std::move(opened);
    }

    temporary_folder folder_;
    manual_clock clock_;
    std::unique_ptr<journal> journal_;
};

/// Queues on a broker, with names that nobody else has.
class broker_house : public queue_house {
public:
    broker_house() { back_.start(); }
    ~broker_house() override {
        queues_.clear();
        back_.stop();
    }

    queue& open(std::string_view name, const queue_options& options) override {
        const std::string key(name);
        if (const auto at = queues_.find(key); at != queues_.end()) return *at->second;
        queues_[key] = make(key, options);
        queues_[key]->start();
        wait_for(*queues_[key]);
        return *queues_[key];
    }
    queue* find(std::string_view name) override {
        const auto at = queues_.find(std::string(name));
        return at != queues_.end() ? at->second.get() : nullptr;
    }
    void pass(milliseconds time) override {
        back_.run_and_wait([] {});  // what was lent before is taken in before
        clock_.pass(time);
        back_.run_and_wait([this] {
            for (auto& [name, q] : queues_) static_cast<linked_queue&>(*q).tick(steady::now());
        });
    }
    wall::time_point date() const override { return clock_.now().date; }
    void dead_letters(dead_request& r) override { r.home->post(r); }
    std::vector<kept_result> results() override { return {}; }
    void stop() override {
        for (auto& [name, q] : queues_) q->stop(steady::now() + seconds(10));
    }
    void restart() override {
        stop();
        queues_.clear();
    }

protected:
    virtual std::unique_ptr<broker_queue> make(const std::string& name, const queue_options& options) = 0;
    std::string name_there(const std::string& name) const { return tag_ + name; }
    void fill(broker_options& to, const std::string& name, const queue_options& options) const {
        to.name = name;
        to.queue = options;
        to.declare = declaration::create;
        to.prefetch = 30'000;
        to.unconfirmed_max = 100'000;
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

    std::map<std::string, std::unique_ptr<broker_queue>> queues_;
    std::string tag_{"contract-" + std::to_string(std::random_device{}()) + "-"};
};

const char* rabbitmq_url() { return std::getenv("FRESHET_TEST_RABBITMQ"); }

class rabbitmq_house final : public broker_house {
    bool can(ability what) const override { return what == ability::lasting_acks; }
    std::unique_ptr<broker_queue> make(const std::string& name, const queue_options& options) override {
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
    bool can(ability) const override { return false; }
    std::unique_ptr<broker_queue> make(const std::string& name, const queue_options& options) override {
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

template <class House>
std::unique_ptr<queue_house> make() {
    return std::make_unique<House>();
}

}  // namespace

std::vector<queue_kind> queue_kinds() {
    std::vector<queue_kind> kinds{{"journal", make<journal_house>}};
    if (rabbitmq_url() != nullptr) kinds.push_back({"rabbitmq", make<rabbitmq_house>});
    if (kafka_servers() != nullptr) kinds.push_back({"kafka", make<kafka_house>});
    return kinds;
}

}  // namespace freshet::test
