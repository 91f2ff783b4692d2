// Of a topic of changes: whether the broker still has all that the group has not settled.
#include "queue/kafka/link.hpp"

#include "base/escape.hpp"
#include "queue/kafka/consumer/beginning.hpp"
#include "queue/subscription_record.hpp"

#include <spdlog/spdlog.h>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace freshet {

/// Until they are known: what is gone would else be passed over.
void kafka_link::ask_positions() {
    kafka_ptr<rd_kafka_topic_partition_list_t> all(rd_kafka_topic_partition_list_copy(assigned_.get()));
    helper_.ask_positions(std::move(all), [self = weak_from_this(), &back = back_, of = rebalances_](auto positions) {
        const auto found = std::make_shared<kafka_positions>(std::move(positions));
        back.run([self, found, of] {
            const auto here = self.lock();
            if (here == nullptr || here->state_.is_stopped() || here->rebalances_ != of) return;
            here->take_positions(*found);
        });
    });
}

void kafka_link::take_positions(const kafka_positions& found) {
    if (found.extents.empty() && found.committed->cnt != 0) {
        if (positions_said_.is_due(back_.now()))
            spdlog::warn("queue {}: nothing is read from {} until it is known where its group stands: {}; asking again",
                         options_.name, options_.topic, escaped(found.trouble));
        return ask_positions();
    }
    subscription_record& record = *options_.subscription;
    bool lost = std::exchange(fell_behind_, false) || record.is() == subscription_record::state::lost;
    for (int i = 0; i < found.committed->cnt; ++i) {
        const auto at = static_cast<std::size_t>(i);
        lost = begin_one(found.committed->elems[i], found.extents[at], assigned_->elems[i].offset) || lost;
    }
    if (lost) lost_history();
    if (record.is() == subscription_record::state::none && found.committed->cnt != 0) {
        const std::string wrong = record.write(subscription_record::state::known);
        if (!wrong.empty()) spdlog::error("queue {}: {}", options_.name, wrong);
    }
    happened(kafka_event::positions_known);
    happened(kafka_event::settled);  // where it begins is a position, too
    owner_.arrivals_over();
}

/// True: something before it is gone. `at`: where it is read from.
bool kafka_link::begin_one(const rd_kafka_topic_partition_t& committed, kafka_extent has, std::int64_t& at) {
    kafka_offsets& offsets = offsets_[committed.partition];
    const bool subscribed = options_.subscription->is() != subscription_record::state::none;
    const kafka_beginning begins = beginning_of(committed.offset, offsets.seen(), has, subscribed);
    at = begins.offset;
    if (begins.offset == committed.offset) restore_one(committed);
    else offsets.begin(begins.offset);
    if (begins.lost)
        spdlog::warn(
            "queue {}: of partition {} of {} the broker has {} to {}, and {} was to be read next: what was there is "
            "gone",
            options_.name, committed.partition, options_.topic, has.low, has.high,
            committed.offset < 0 ? std::max<std::int64_t>(offsets.seen(), 0) : committed.offset);
    return begins.lost;
}

void kafka_link::lost_history() {
    history_lost_ = true;
    owner_.history_lost();
}

void kafka_link::history_made_up() {
    history_lost_ = false;
    subscription_record& record = *options_.subscription;
    if (record.is() == subscription_record::state::lost) {
        const std::string wrong = record.write(subscription_record::state::known);
        if (!wrong.empty()) spdlog::error("queue {}: {}", options_.name, wrong);
    }
    happened(kafka_event::settled);
}

/// As if the group had taken all and given it again: what there is to be read is asked anew. To assign the same
/// partitions without giving them up first leaves them unread, in this version of librdkafka.
void kafka_link::fell_behind() {
    fell_behind_ = true;
    const kafka_ptr<rd_kafka_topic_partition_list_t> same(rd_kafka_topic_partition_list_copy(assigned_.get()));
    happened(kafka_event::taken);
    const kafka_actions todo = state_.take(kafka_event::given);
    carry_out(todo);
    if (todo.take_over) take_over(*same);
}

}  // namespace freshet
