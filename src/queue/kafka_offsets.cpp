#include "queue/kafka_offsets.hpp"

namespace freshet {

bool kafka_offsets::arrived(std::int64_t offset) {
    next_ = offset + 1;
    if (settled_.contains(offset)) {
        settled(offset);
        return false;
    }
    open_.insert(offset);
    return true;
}

void kafka_offsets::settled(std::int64_t offset) {
    open_.erase(offset);
    settled_.insert(offset);
    settled_.erase(settled_.begin(), settled_.lower_bound(position()));
}

}  // namespace freshet
