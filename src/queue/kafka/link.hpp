// The connection of one queue to Kafka: an idempotent producer, and a consumer in a group whose position is the lowest
// message that is not settled. librdkafka's own threads do the rest. Back shard only.
#pragma once

#include "config/broker_options.hpp"
#include "queue/broker/link.hpp"
#include "queue/kafka/helper.hpp"
#include "queue/kafka/offsets.hpp"
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
    void consume() override;
    void ask_for_others() override;
    void rest() override;
    void level() override;
    bool is_connected() const noexcept override { return connected_; }
    bool has_unconfirmed() const noexcept override { return connected_ && waiting_ != 0; }
    void stop() override;

private:
    bool told_by_producer(rd_kafka_queue_t& events);
    bool told_by_group(rd_kafka_queue_t& events);
    bool fetch(rd_kafka_queue_t& messages);
    void confirmed(const rd_kafka_message_t& m);
    void fetched(const rd_kafka_message_t& m);
    void rebalance(rd_kafka_event_t& e);
    void assign();
    void failed(rd_kafka_event_t& e);
    void failed(rd_kafka_resp_err_t code, const char* words, bool fatal);
    void over();
    void subscribe();
    void hold_back();
    void fetch_on();
    void take_over();
    void decline();
    void forget_commits();
    void commit_anew();
    void restore(const rd_kafka_topic_partition_list_t& committed);
    void commit();
    void told_of_commit(rd_kafka_event_t& e);
    void commit_soon();
    void look_around();
    bool is_level() const;
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
    std::map<std::int32_t, kafka_offsets> offsets_;
    std::map<std::int32_t, std::int64_t> ends_;       ///< of partitions that were read to their end: where that was
    std::map<std::int32_t, std::int64_t> published_;  ///< behind the last confirmed one, by partition
    kafka_ptr<rd_kafka_topic_partition_list_t> assigned_;
    std::uint64_t rebalances_{0};
    std::size_t open_{0};
    std::size_t came_{0}, came_bytes_{0};  ///< since the last nudge
    bool connected_{false}, wanted_{false}, subscribed_{false}, held_back_{false}, levelling_{false};
    bool commit_due_{false};
    bool assigning_{false};  ///< the group's gift is not taken yet
    bool stopped_{false};
    std::string last_trouble_;
};

}  // namespace freshet
