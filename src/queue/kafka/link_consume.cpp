// The group, what comes from its partitions, and the position that is remembered of each.
#include "queue/kafka/link.hpp"

#include <freshet/message.hpp>
#include <freshet/time.hpp>

#include "queue/kafka/wire/message.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

namespace freshet {

namespace {

constexpr milliseconds commit_every{100};
constexpr int offset_bits = 48;
constexpr std::size_t fetch_at_once = 64;
constexpr std::size_t nudge_messages = 20'000;  ///< that have come since the last nudge
constexpr std::size_t nudge_bytes = std::size_t{8} << 20;

/// Never 0.
delivery_tag tag_of(std::int32_t partition, std::int64_t offset) noexcept {
    return ((static_cast<delivery_tag>(partition) << offset_bits) | static_cast<delivery_tag>(offset)) + 1;
}
std::int32_t partition_of(delivery_tag tag) noexcept { return static_cast<std::int32_t>((tag - 1) >> offset_bits); }
std::int64_t offset_of(delivery_tag tag) noexcept {
    return static_cast<std::int64_t>((tag - 1) & ((delivery_tag{1} << offset_bits) - 1));
}

}  // namespace

void kafka_link::ask_for_others() {
    helper_.ask_members([self = weak_from_this(), &back = back_](int members) {
        if (members < 2) return;
        back.run([self] {
            const auto here = self.lock();
            if (here != nullptr && !here->state_.is_stopped()) here->owner_.others_wait();
        });
    });
}

void kafka_link::subscribe() {
    const kafka_ptr<rd_kafka_topic_partition_list_t> topics(rd_kafka_topic_partition_list_new(1));
    rd_kafka_topic_partition_list_add(topics.get(), options_.topic.c_str(), RD_KAFKA_PARTITION_UA);
    const auto e = rd_kafka_subscribe(consumer_, topics.get());
    if (e == RD_KAFKA_RESP_ERR_NO_ERROR) return happened(kafka_event::subscribed);
    spdlog::error("queue {}: topic {}: {}", options_.name, options_.topic, rd_kafka_err2str(e));
}

bool kafka_link::told_by_group(rd_kafka_queue_t& events) {
    const kafka_ptr<rd_kafka_event_t> e(rd_kafka_queue_poll(&events, 0));
    if (e == nullptr) return false;
    switch (rd_kafka_event_type(e.get())) {
        case RD_KAFKA_EVENT_REBALANCE: rebalance(*e); break;
        case RD_KAFKA_EVENT_ERROR: failed(*e); break;
        case RD_KAFKA_EVENT_OFFSET_COMMIT: told_of_commit(*e); break;
        default: break;
    }
    return true;
}

bool kafka_link::fetch(rd_kafka_queue_t& messages) {
    std::array<rd_kafka_message_t*, fetch_at_once> some;
    const std::size_t at_most = std::min(prefetch_.room(), some.size());
    const ssize_t count = rd_kafka_consume_batch_queue(&messages, 0, some.data(), at_most);
    for (ssize_t i = 0; i < count; ++i) {
        const kafka_ptr<rd_kafka_message_t> m(some[static_cast<std::size_t>(i)]);
        if (!state_.is_reading()) continue;  // it is of a partition that is not ours any more
        if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR) fetched(*m);
        else if (m->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) fell_behind();
        else if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) levels_.read_to_end(m->partition, m->offset);
        else failed(m->err, rd_kafka_message_errstr(m.get()), false);
    }
    return count > 0;
}

void kafka_link::fetched(const rd_kafka_message_t& m) {
    kafka_offsets& offsets = offsets_[m.partition];
    const std::size_t before = offsets.open();
    const bool is_new = offsets.arrived(m.offset);
    prefetch_.opened(before, offsets.open());
    if (!is_new) return happened(kafka_event::settled);
    came_bytes_ += m.len + m.key_len;
    ++came_;
    arrival one;
    one.message = from_kafka(m);
    one.serial = one.tag = tag_of(m.partition, m.offset);
    owner_.arrived(std::move(one));
    hold_back();
}

void kafka_link::acknowledge(delivery_tag tag) {
    kafka_offsets& offsets = offsets_[partition_of(tag)];
    const std::size_t before = offsets.open();
    offsets.settled(offset_of(tag));
    prefetch_.opened(before, offsets.open());
    hold_back();
    happened(kafka_event::settled);
}

/// No more than `prefetch` messages are here: the rest stays in librdkafka's own queue, which is bounded, too. Pausing
/// partitions instead loses what that queue holds, in this version of librdkafka.
void kafka_link::hold_back() {
    if (messages_ == nullptr) return;
    switch (prefetch_.next()) {
        case kafka_prefetch::change::none: break;
        case kafka_prefetch::change::hold: messages_->hold(); break;
        case kafka_prefetch::change::let_go: messages_->let_go(); break;
    }
}

void kafka_link::rebalance(rd_kafka_event_t& e) {
    const bool gained = rd_kafka_event_error(&e) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
    const rd_kafka_topic_partition_list_t& which = *rd_kafka_event_topic_partition_list(&e);
    const kafka_actions todo = state_.take(gained ? kafka_event::given : kafka_event::taken);
    carry_out(todo);
    if (todo.take_over) take_over(which);
    spdlog::debug("queue {}: the group {} {} {} partitions", options_.name, gained ? "gives" : "takes", which.cnt,
                  options_.topic);
}

/// What is open is read again from its position, by whoever has the partition then.
void kafka_link::drop_partitions() {
    for (auto& [partition, offsets] : offsets_) offsets.taken_away();
    prefetch_.dropped();
    hold_back();
    levels_.taken();
    assigned_.reset();
    ++rebalances_;
}

void kafka_link::give_up_partitions() { rd_kafka_assign(consumer_, nullptr); }

/// Reading begins once it is known what others have settled above their position.
void kafka_link::take_over(const rd_kafka_topic_partition_list_t& given) {
    assigned_.reset(rd_kafka_topic_partition_list_copy(&given));
    std::vector<std::int32_t> partitions;
    for (int i = 0; i < given.cnt; ++i) partitions.push_back(given.elems[i].partition);
    levels_.given(std::move(partitions));
    if (options_.subscription != nullptr) return ask_positions();
    kafka_ptr<rd_kafka_topic_partition_list_t> all(rd_kafka_topic_partition_list_copy(&given));
    helper_.ask_committed(std::move(all), [self = weak_from_this(), &back = back_, of = rebalances_](auto committed) {
        const auto list = std::shared_ptr<rd_kafka_topic_partition_list_t>(std::move(committed));
        back.run([self, list, of] {
            const auto here = self.lock();
            if (here == nullptr || here->state_.is_stopped() || here->rebalances_ != of) return;
            here->restore(*list);
            here->happened(kafka_event::positions_known);
        });
    });
}

/// Messages come in a queue of their own, so that they can be held back while the group is listened to.
void kafka_link::read() {
    for (int i = 0; i < assigned_->cnt; ++i) {
        const rd_kafka_topic_partition_t& one = assigned_->elems[i];
        const kafka_ptr<rd_kafka_queue_t> its(rd_kafka_queue_get_partition(consumer_, one.topic, one.partition));
        if (its != nullptr) rd_kafka_queue_forward(its.get(), messages_->queue());
    }
    rd_kafka_assign(consumer_, assigned_.get());
}

void kafka_link::restore(const rd_kafka_topic_partition_list_t& committed) {
    for (int i = 0; i < committed.cnt; ++i) restore_one(committed.elems[i]);
}

void kafka_link::restore_one(const rd_kafka_topic_partition_t& one) {
    if (one.offset < 0 || one.metadata == nullptr) return;
    const std::string_view text(static_cast<const char*>(one.metadata), one.metadata_size);
    offsets_[one.partition].restore(one.offset, text);
}

void kafka_link::commit_soon() {
    commit_timer_.expires_after(commit_every);
    commit_timer_.async_wait([self = shared_from_this()](const boost::system::error_code& ec) {
        if (!ec) self->happened(kafka_event::commit_time);
    });
}

void kafka_link::forget_commits() {
    for (auto& [partition, offsets] : offsets_) offsets.committed = -1;
}

void kafka_link::told_of_commit(rd_kafka_event_t& e) {
    const auto why = rd_kafka_event_error(&e);
    if (why == RD_KAFKA_RESP_ERR_NO_ERROR || why == RD_KAFKA_RESP_ERR__NO_OFFSET) return;
    spdlog::debug("queue {}: a position was not committed: {}", options_.name, rd_kafka_err2str(why));
    happened(kafka_event::commit_refused);
}

void kafka_link::commit() {
    if (assigned_ == nullptr || history_lost_) return;
    const kafka_ptr<rd_kafka_topic_partition_list_t> positions(rd_kafka_topic_partition_list_new(assigned_->cnt));
    for (int i = 0; i < assigned_->cnt; ++i) {
        const std::int32_t partition = assigned_->elems[i].partition;
        kafka_offsets& offsets = offsets_[partition];
        if (offsets.position() < 0) continue;
        std::string above = offsets.settled_above();
        if (offsets.position() == offsets.committed && above == offsets.committed_above) continue;
        auto* const to = rd_kafka_topic_partition_list_add(positions.get(), options_.topic.c_str(), partition);
        to->offset = offsets.position();
        to->metadata = ::strndup(above.data(), above.size());  // the list frees it
        to->metadata_size = above.size();
        offsets.committed = offsets.position();
        offsets.committed_above = std::move(above);
    }
    if (positions->cnt == 0) return;
    rd_kafka_commit_queue(consumer_, positions.get(), group_events_->queue(), nullptr, nullptr);
}

void kafka_link::level() {
    levels_.ask();
    if (is_level()) back_.run([self = shared_from_this()] { self->over(); });
}

/// A queue of librdkafka's that was full is looked at once a second, in this version; a request makes it look now.
void kafka_link::fetch_on() {
    if (prefetch_.is_holding() || assigned_ == nullptr || (came_ < nudge_messages && came_bytes_ < nudge_bytes)) return;
    came_ = came_bytes_ = 0;
    kafka_ptr<rd_kafka_topic_partition_list_t> all(rd_kafka_topic_partition_list_copy(assigned_.get()));
    for (int i = 0; i < all->cnt; ++i)
        all->elems[i].offset = std::numeric_limits<std::int64_t>::max();  // of which time
    helper_.nudge(std::move(all));
}

}  // namespace freshet
