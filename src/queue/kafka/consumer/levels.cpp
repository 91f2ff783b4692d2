#include "queue/kafka/consumer/levels.hpp"

#include <algorithm>
#include <utility>

namespace freshet {

void kafka_levels::given(std::vector<std::int32_t> partitions) {
    ends_.clear();
    partitions_ = std::move(partitions);
}

void kafka_levels::taken() {
    ends_.clear();
    partitions_.reset();
}

void kafka_levels::published(std::int32_t partition, std::int64_t offset) {
    std::int64_t& behind = published_[partition];
    behind = std::max(behind, offset + 1);
}

bool kafka_levels::take_answer(const all_offsets& came, bool holding) {
    if (!asked_ || !is_level(came, holding)) return false;
    asked_ = false;
    return true;
}

bool kafka_levels::is_level(const all_offsets& came, bool holding) const {
    if (!partitions_) return false;
    if (holding) return true;
    return std::all_of(partitions_->begin(), partitions_->end(),
                       [&](std::int32_t partition) { return is_level(partition, came); });
}

bool kafka_levels::is_level(std::int32_t partition, const all_offsets& came) const {
    const auto end = ends_.find(partition);
    if (end == ends_.end()) return false;
    const auto here = came.find(partition);
    if (here != came.end() && here->second.next() > end->second) return false;
    const auto ours = published_.find(partition);
    return ours == published_.end() || ours->second <= end->second;
}

}  // namespace freshet
