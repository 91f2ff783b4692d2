#include "queue/kafka/link.hpp"

#include <freshet/error.hpp>
#include <freshet/time.hpp>

#include "base/escape.hpp"
#include "queue/subscription_record.hpp"

#include <spdlog/spdlog.h>
#include <boost/asio/io_context.hpp>

#include <utility>

namespace freshet {

namespace {

constexpr milliseconds watch_every{250};  ///< should an event ever be missed

/// librdkafka's words without how long it took, which differs each time.
std::string lasting_part(std::string words) {
    const auto times = words.find(" (after ");
    return times == words.npos ? words : words.substr(0, times);
}

}  // namespace

kafka_link::kafka_link(shard& back, const kafka_options& options, link_owner& owner, rd_kafka_t* producer,
                       rd_kafka_t* consumer)
    : back_(back),
      options_(options),
      owner_(owner),
      source_("freshet/" + options.name),
      producer_(producer),
      consumer_(consumer),
      helper_(options, producer, consumer),
      topic_(rd_kafka_topic_new(producer, options.topic.c_str(), nullptr)),
      dead_topic_(rd_kafka_topic_new(producer, helper_.dead_topic().c_str(), nullptr)),
      commit_timer_(back.context()),
      watch_timer_(back.context()),
      prefetch_(options.prefetch) {
    rd_kafka_poll_set_consumer(consumer_);
}

void kafka_link::start() {
    producer_events_ = std::make_unique<kafka_events>(
        back_.context(), kafka_ptr<rd_kafka_queue_t>(rd_kafka_queue_get_main(producer_)),
        [this](rd_kafka_queue_t& events) { return told_by_producer(events); }, [this] { over(); });
    group_events_ = std::make_unique<kafka_events>(
        back_.context(), kafka_ptr<rd_kafka_queue_t>(rd_kafka_queue_get_consumer(consumer_)),
        [this](rd_kafka_queue_t& events) { return told_by_group(events); }, [this] { over(); });
    messages_ = std::make_unique<kafka_events>(
        back_.context(), kafka_ptr<rd_kafka_queue_t>(rd_kafka_queue_new(consumer_)),
        [this](rd_kafka_queue_t& messages) { return fetch(messages); }, [this] { over(); });
    const std::weak_ptr<kafka_link> self = weak_from_this();
    helper_.start([self, &back = back_](const std::string& trouble) {
        back.run([self, trouble] {
            if (const auto here = self.lock()) here->looked(trouble);
        });
    });
    helper_.look();
    look_around();
}

void kafka_link::consume(std::size_t) { happened(kafka_event::wanted); }  // its window is prefetch_
void kafka_link::rest() { happened(kafka_event::unwanted); }
void kafka_link::stop() { happened(kafka_event::stopped); }

void kafka_link::happened(kafka_event e) { carry_out(state_.take(e)); }

void kafka_link::carry_out(const kafka_actions& todo) {
    if (todo.subscribe) subscribe();
    if (todo.forget_commits) forget_commits();
    if (todo.commit) commit();
    if (todo.commit_soon) commit_soon();
    if (todo.decline) give_up_partitions();
    if (todo.unsubscribe) rd_kafka_unsubscribe(consumer_);
    if (todo.drop_partitions) drop_partitions();
    if (todo.tell_revoked) owner_.revoked();
    if (todo.give_up_partitions) give_up_partitions();
    if (todo.read) read();
    if (todo.look) helper_.look();
    if (todo.tell_connected) {
        owner_.connected();
        owner_.publishable(true);
    }
    if (todo.tell_disconnected) owner_.disconnected();
    if (todo.end) end(todo.leave_group);
}

void kafka_link::over() {
    if (state_.is_stopped()) return;
    fetch_on();
    if (levels_.take_answer(offsets_, prefetch_.is_holding())) owner_.levelled(0);
    owner_.arrivals_over();
}

void kafka_link::failed(rd_kafka_event_t& e) {
    failed(rd_kafka_event_error(&e), rd_kafka_event_error_string(&e), rd_kafka_event_error_is_fatal(&e) != 0);
}

void kafka_link::failed(rd_kafka_resp_err_t code, const char* why, bool fatal) {
    const std::string words = lasting_part(why);
    switch (code) {
        case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN: return lost(std::string(no_broker_answers));
        case RD_KAFKA_RESP_ERR__SSL:
        case RD_KAFKA_RESP_ERR__AUTHENTICATION:
        case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
        case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
        case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED: return lost(words);
        default: break;
    }
    if (fatal) return lost(words);
    spdlog::debug("queue {}: {}", options_.name, words);
}

void kafka_link::lost(const std::string& reason) {
    if (state_.is_stopped()) return;
    // That nobody answers follows from a better reason, if there is one.
    if (reason != last_trouble_ && (reason != no_broker_answers || last_trouble_.empty())) {
        spdlog::warn("queue {}: {}: {}; connecting again", options_.name, options_.servers, escaped(reason));
        last_trouble_ = reason;
    }
    if (options_.subscription != nullptr) options_.subscription->cut_off();
    happened(kafka_event::lost);
    owner_.publishable(false);
}

void kafka_link::looked(const std::string& trouble) {
    if (!trouble.empty()) return lost(trouble);
    if (state_.is_stopped() || state_.is_connected()) return;
    if (!last_trouble_.empty()) spdlog::info("queue {}: {} answers again", options_.name, options_.servers);
    last_trouble_.clear();
    happened(kafka_event::answers);
}

void kafka_link::look_around() {
    watch_timer_.expires_after(watch_every);
    watch_timer_.async_wait([self = shared_from_this()](const boost::system::error_code& ec) {
        if (ec || self->state_.is_stopped()) return;
        self->producer_events_->drain();
        self->group_events_->drain();
        self->messages_->drain();
        self->over();
        self->look_around();
    });
}

void kafka_link::end(bool leave_group) {
    commit_timer_.cancel();
    watch_timer_.cancel();
    producer_events_.reset();
    group_events_.reset();
    messages_.reset();
    for (publication*& p : slots_) {
        publication* const one = std::exchange(p, nullptr);
        if (one == nullptr) continue;
        one->outcome = publication::outcome::failed;
        one->why = {errc::stopping, effect::maybe_done, {}};
        owner_.published(*one);
    }
    waiting_ = 0;
    topic_.reset();
    dead_topic_.reset();
    helper_.end(leave_group);
}

}  // namespace freshet
