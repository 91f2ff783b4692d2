// The connection of one queue to Kafka: an idempotent producer, and a consumer in a group whose position is the lowest
// message that is not settled. librdkafka's own threads do the rest. What it does next is said by kafka_link_state;
// here are librdkafka's handles and the time. Back shard only.
#pragma once

#include "base/now_and_then.hpp"
#include "config/broker_options.hpp"
#include "queue/broker/link.hpp"
#include "queue/kafka/consumer/levels.hpp"
#include "queue/kafka/consumer/offsets.hpp"
#include "queue/kafka/consumer/prefetch.hpp"
#include "queue/kafka/helper.hpp"
#include "queue/kafka/link_state.hpp"
#include "queue/operations.hpp"
#include "shard/shard.hpp"

#include <boost/asio/steady_timer.hpp>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace freshet {

class kafka_link final : public broker_link, public std::enable_shared_from_this<kafka_link> {
public:
    /// Takes the handles.
    kafka_link(shard& back, const kafka_options& options, link_owner& owner, rd_kafka_t* producer,
               rd_kafka_t* consumer);

    void start() override;
    void publish(publication& p, lane to, std::string_view reason) override;
    void flush() override;
    void acknowledge(delivery_tag tag) override;
    void consume(std::size_t more) override;
    std::size_t room() const noexcept override { return prefetch_.room(); }
    void pause() override {}
    void give_back(delivery_tag) override {}
    void ask_for_others() override;
    void rest() override;
    void level() override;
    void history_made_up() override;
    bool is_connected() const noexcept override { return state_.is_connected(); }
    bool can_publish() const noexcept override { return state_.is_connected(); }
    bool keeps_acknowledged() const noexcept override { return true; }
    bool has_unconfirmed() const noexcept override { return state_.is_connected() && waiting_ != 0; }
    void stop() override;

private:
    bool told_by_producer(rd_kafka_queue_t& events);
    bool told_by_group(rd_kafka_queue_t& events);
    bool fetch(rd_kafka_queue_t& messages);
    void confirmed(const rd_kafka_message_t& m);
    void fetched(const rd_kafka_message_t& m);
    void rebalance(rd_kafka_event_t& e);
    void failed(rd_kafka_event_t& e);
    void failed(rd_kafka_resp_err_t code, const char* words, bool fatal);
    void over();
    /// Feeds the state, and does what it says.
    void happened(kafka_event e);
    void carry_out(const kafka_actions& todo);
    void subscribe();
    void drop_partitions();
    void give_up_partitions();
    void take_over(const rd_kafka_topic_partition_list_t& given);
    void read();
    void end(bool leave_group);
    void hold_back();
    void fetch_on();
    void forget_commits();
    void restore(const rd_kafka_topic_partition_list_t& committed);
    void restore_one(const rd_kafka_topic_partition_t& committed);
    void ask_positions();
    void take_positions(const kafka_positions& found);
    bool begin_one(const rd_kafka_topic_partition_t& committed, kafka_extent has, std::int64_t& at);
    void lost_history();
    void fell_behind();
    void commit();
    void told_of_commit(rd_kafka_event_t& e);
    void commit_soon();
    void look_around();
    bool is_level() const { return levels_.is_level(offsets_, prefetch_.is_holding()); }
    void looked(const std::string& trouble);
    void lost(const std::string& reason);

    shard& back_;
    const kafka_options options_;
    link_owner& owner_;
    const std::string source_;
    rd_kafka_t* producer_;
    rd_kafka_t* consumer_;
    kafka_helper helper_;
    kafka_ptr<rd_kafka_topic_t> topic_, dead_topic_;  ///< the producer's
    std::unique_ptr<kafka_events> producer_events_, group_events_, messages_;
    boost::asio::steady_timer commit_timer_, watch_timer_;

    std::vector<publication*> slots_;  ///< what librdkafka has, by the opaque that it was given
    std::vector<std::size_t> free_slots_;
    std::size_t waiting_{0};
    kafka_link_state state_{};
    std::map<std::int32_t, kafka_offsets> offsets_;
    kafka_levels levels_{};
    kafka_prefetch prefetch_;
    kafka_ptr<rd_kafka_topic_partition_list_t> assigned_;  ///< while they are taken over or read
    std::uint64_t rebalances_{0};
    bool history_lost_{false};             ///< and not made up for: nothing is committed, so that it is found again
    bool fell_behind_{false};              ///< what was to be read next is gone
    now_and_then positions_said_;          ///< that they cannot be had
    std::size_t came_{0}, came_bytes_{0};  ///< since the last nudge
    std::string last_trouble_;
};

}  // namespace freshet
