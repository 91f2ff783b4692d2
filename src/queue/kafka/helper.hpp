// What blocks in librdkafka, on a thread of its own: looking for topics, making them, leaving the group.
#pragma once

#include "config/broker_options.hpp"
#include "queue/kafka/client.hpp"
#include "queue/kafka/consumer/beginning.hpp"

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace freshet {

/// What the group has committed in some partitions, and what the broker has of each.
struct kafka_positions {
    kafka_ptr<rd_kafka_topic_partition_list_t> committed{};
    std::vector<kafka_extent> extents{};  ///< as in the list; empty: they could not be had
    std::string trouble{};                ///< why not
};

constexpr std::string_view no_broker_answers = "no broker answers";

class kafka_helper {
public:
    /// On the helper's thread: empty, the topics are there; or why not.
    using told = std::function<void(std::string trouble)>;

    /// Takes the handles, and ends them when it ends itself.
    kafka_helper(const kafka_options& options, rd_kafka_t* producer, rd_kafka_t* consumer);
    /// Waits for what is under way.
    ~kafka_helper();
    kafka_helper(const kafka_helper&) = delete;
    kafka_helper& operator=(const kafka_helper&) = delete;

    void start(told tell);
    /// Looks for the topics, and goes on until told() has heard; at growing intervals while there is trouble.
    void look();
    /// Asks the leaders of these partitions for anything at all.
    void nudge(kafka_ptr<rd_kafka_topic_partition_list_t> partitions);
    /// Puts what the group has committed into the list. Told on the helper's thread, with or without success.
    void ask_committed(kafka_ptr<rd_kafka_topic_partition_list_t> partitions,
                       std::function<void(kafka_ptr<rd_kafka_topic_partition_list_t>)> tell);
    /// The same of all that kafka_positions has, tried for up to `connect_timeout`.
    void ask_positions(kafka_ptr<rd_kafka_topic_partition_list_t> partitions,
                       std::function<void(kafka_positions)> tell);
    /// How many are in the group; 0: it is not known. Told on the helper's thread.
    void ask_members(std::function<void(int)> tell);
    /// Ends the handles soon. `leave`: the group is left first, which takes a broker that answers.
    void end(bool leave);

    const std::string& dead_topic() const noexcept { return dead_topic_; }

private:
    using job = std::function<void()>;
    void add(job j);
    void run();
    bool is_ending();
    bool look_up(kafka_positions& of);
    std::string look_for_both();
    std::string look_for(const std::string& topic);
    std::string ask_for(const std::string& topic, bool& missing);
    std::string create(const std::string& topic);
    void close();

    const kafka_options options_;
    const std::string dead_topic_;
    rd_kafka_t* const producer_;
    rd_kafka_t* const consumer_;
    told tell_;

    std::thread thread_;
    std::mutex mutex_;
    std::condition_variable asked_;
    // With the mutex.
    bool look_wanted_{false}, ending_{false}, leave_{false};
    std::deque<job> jobs_;
};

}  // namespace freshet
