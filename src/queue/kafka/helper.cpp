#include "queue/kafka/helper.hpp"

#include <freshet/time.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>

namespace freshet {

namespace {

constexpr milliseconds look_every{50};  ///< for a topic that was just made
constexpr int nudge_within_ms = 1'000;

}  // namespace

kafka_helper::kafka_helper(const kafka_options& options, rd_kafka_t* producer, rd_kafka_t* consumer)
    : options_(options), dead_topic_(options.topic + ".dead"), producer_(producer), consumer_(consumer) {}

kafka_helper::~kafka_helper() {
    end(false);
    if (thread_.joinable()) thread_.join();
    else close();
}

void kafka_helper::start(told tell) {
    tell_ = std::move(tell);
    thread_ = std::thread([this] { run(); });
}

void kafka_helper::look() {
    {
        const std::lock_guard lock(mutex_);
        look_wanted_ = true;
    }
    asked_.notify_one();
}

void kafka_helper::add(job j) {
    {
        const std::lock_guard lock(mutex_);
        jobs_.push_back(std::move(j));
    }
    asked_.notify_one();
}

void kafka_helper::nudge(kafka_ptr<rd_kafka_topic_partition_list_t> partitions) {
    add([this, list = std::shared_ptr<rd_kafka_topic_partition_list_t>(std::move(partitions))] {
        rd_kafka_offsets_for_times(consumer_, list.get(), nudge_within_ms);
    });
}

void kafka_helper::ask_committed(kafka_ptr<rd_kafka_topic_partition_list_t> partitions,
                                 std::function<void(kafka_ptr<rd_kafka_topic_partition_list_t>)> tell) {
    const auto limit = static_cast<int>(options_.connect_timeout.count());
    add([this, limit, tell = std::move(tell),
         list = std::make_shared<kafka_ptr<rd_kafka_topic_partition_list_t>>(std::move(partitions))] {
        rd_kafka_committed(consumer_, list->get(), limit);
        tell(std::move(*list));
    });
}

void kafka_helper::ask_positions(kafka_ptr<rd_kafka_topic_partition_list_t> partitions,
                                 std::function<void(kafka_positions)> tell) {
    auto found = std::make_shared<kafka_positions>();
    found->committed = std::move(partitions);
    add([this, found, tell = std::move(tell)] {
        const auto deadline = steady::now() + options_.connect_timeout;
        while (!look_up(*found) && steady::now() < deadline) {
            std::unique_lock lock(mutex_);
            if (asked_.wait_for(lock, look_every, [this] { return ending_; })) break;
        }
        tell(std::move(*found));
    });
}

/// False: something is not known, and so none of it.
bool kafka_helper::look_up(kafka_positions& of) {
    of.extents.clear();
    const auto limit = static_cast<int>(options_.connect_timeout.count());
    if (const auto e = rd_kafka_committed(consumer_, of.committed.get(), limit); e != RD_KAFKA_RESP_ERR_NO_ERROR) {
        of.trouble = rd_kafka_err2str(e);
        return false;
    }
    std::vector<kafka_extent> extents;
    for (int i = 0; i < of.committed->cnt && !is_ending(); ++i) {
        const rd_kafka_topic_partition_t& one = of.committed->elems[i];
        kafka_extent& has = extents.emplace_back();
        auto e = one.err;
        if (e == RD_KAFKA_RESP_ERR_NO_ERROR)
            e = rd_kafka_query_watermark_offsets(consumer_, one.topic, one.partition, &has.low, &has.high, limit);
        if (e == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
        of.trouble = fmt::format("partition {}: {}", one.partition, rd_kafka_err2str(e));
        return false;
    }
    if (is_ending()) return false;
    of.extents = std::move(extents);
    return true;
}

void kafka_helper::ask_members(std::function<void(int)> tell) {
    const auto limit = static_cast<int>(options_.connect_timeout.count());
    add([this, limit, tell = std::move(tell)] {
        const rd_kafka_group_list* answer = nullptr;
        rd_kafka_list_groups(consumer_, options_.group.c_str(), &answer, limit);
        const kafka_ptr<const rd_kafka_group_list> groups(answer);
        tell(groups != nullptr && groups->group_cnt == 1 ? groups->groups[0].member_cnt : 0);
    });
}

void kafka_helper::end(bool leave) {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
        leave_ = leave_ || leave;
    }
    asked_.notify_one();
}

bool kafka_helper::is_ending() {
    const std::lock_guard lock(mutex_);
    return ending_;
}

/// Jobs come before a look that is not due yet; one that is due waits for no job that is put back as it ends.
void kafka_helper::run() {
    milliseconds pause{0};
    steady::time_point due{};
    std::unique_lock lock(mutex_);
    while (!ending_) {
        const bool look = look_wanted_ && (steady::now() >= due);
        if (!look && jobs_.empty()) {
            if (look_wanted_) asked_.wait_until(lock, due, [this] { return ending_ || !jobs_.empty(); });
            else asked_.wait(lock, [this] { return look_wanted_ || !jobs_.empty() || ending_; });
            continue;
        }
        if (!look) {
            const job next = std::move(jobs_.front());
            jobs_.pop_front();
            lock.unlock();
            next();
            lock.lock();
            continue;
        }
        look_wanted_ = false;
        lock.unlock();
        std::string trouble = look_for_both();
        pause =
            trouble.empty() ? milliseconds(0) : std::clamp(pause * 2, options_.reconnect_min, options_.reconnect_max);
        due = steady::now() + pause;
        tell_(std::move(trouble));
        lock.lock();
    }
    lock.unlock();
    close();
}

std::string kafka_helper::look_for_both() {
    std::string trouble = look_for(options_.topic);
    if (trouble.empty()) trouble = look_for(dead_topic_);
    return trouble;
}

/// Empty: the topic is there. One that was just made is waited for.
std::string kafka_helper::look_for(const std::string& name) {
    const auto deadline = steady::now() + options_.connect_timeout;
    for (bool made = false;;) {
        bool missing = false;
        const std::string trouble = ask_for(name, missing);
        if (!missing && (trouble.empty() || !made || steady::now() > deadline)) return trouble;
        if (missing && options_.declare == declaration::check)
            return fmt::format("there is no topic {}; declare = \"create\" makes it", name);
        if (missing && !made) {
            const std::string refused = create(name);
            if (!refused.empty()) return refused;
            made = true;
        } else if (steady::now() > deadline) {
            return fmt::format("the topic {} was made, and is not there", name);
        }
        std::unique_lock lock(mutex_);
        if (asked_.wait_for(lock, look_every, [this] { return ending_; })) return "it is being stopped";
    }
}

std::string kafka_helper::ask_for(const std::string& name, bool& missing) {
    const kafka_ptr<rd_kafka_topic_t> topic(rd_kafka_topic_new(producer_, name.c_str(), nullptr));
    const rd_kafka_metadata_t* answer = nullptr;
    const auto limit = static_cast<int>(options_.connect_timeout.count());
    const auto e = rd_kafka_metadata(producer_, 0, topic.get(), &answer, limit);
    const kafka_ptr<const rd_kafka_metadata_t> metadata(answer);
    if (e == RD_KAFKA_RESP_ERR__TRANSPORT || e == RD_KAFKA_RESP_ERR__TIMED_OUT) return std::string(no_broker_answers);
    if (e != RD_KAFKA_RESP_ERR_NO_ERROR) return rd_kafka_err2str(e);
    if (metadata->topic_cnt != 1) return fmt::format("the broker says nothing of the topic {}", name);
    const auto known = metadata->topics[0].err;
    missing = known == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    if (missing || known == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
    return fmt::format("topic {}: {}", name, rd_kafka_err2str(known));
}

/// Empty: it is made, or was made by somebody else.
std::string kafka_helper::create(const std::string& name) {
    std::array<char, 512> trouble{};
    rd_kafka_NewTopic_t* wanted = rd_kafka_NewTopic_new(name.c_str(), -1, -1, trouble.data(), trouble.size());
    if (wanted == nullptr) return trouble.data();
    const kafka_ptr<rd_kafka_queue_t> answers(rd_kafka_queue_new(producer_));
    rd_kafka_CreateTopics(producer_, &wanted, 1, nullptr, answers.get());
    const kafka_ptr<rd_kafka_event_t> answer(
        rd_kafka_queue_poll(answers.get(), static_cast<int>(options_.connect_timeout.count())));
    rd_kafka_NewTopic_destroy(wanted);
    if (answer == nullptr) return fmt::format("the topic {} was not made in time", name);
    if (rd_kafka_event_error(answer.get()) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return rd_kafka_event_error_string(answer.get());
    std::size_t count = 0;
    const auto* const made = rd_kafka_event_CreateTopics_result(answer.get());
    const rd_kafka_topic_result_t** const topics = rd_kafka_CreateTopics_result_topics(made, &count);
    if (count != 1) return fmt::format("the broker says nothing of the topic {}", name);
    const auto e = rd_kafka_topic_result_error(topics[0]);
    if (e == RD_KAFKA_RESP_ERR_NO_ERROR || e == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) return {};
    const char* const words = rd_kafka_topic_result_error_string(topics[0]);
    return fmt::format("topic {}: {}", name, words != nullptr ? words : rd_kafka_err2str(e));
}

/// Leaves the group where there is one to be left.
void kafka_helper::close() {
    if (leave_) rd_kafka_consumer_close(consumer_);
    rd_kafka_destroy_flags(consumer_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    rd_kafka_purge(producer_, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_destroy(producer_);
}

}  // namespace freshet
