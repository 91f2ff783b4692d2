// What becomes of calls that wait too long, and of the connection that they wait on. Looked at once in a tick.
#include "store/pool/connection.hpp"

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <utility>

namespace freshet {

namespace {
constexpr int in_flight_bytes = 16 << 10;  ///< what the other side is about to acknowledge is as good as there
}

/// Of the first that waits, a part of the answer is here, or the server's socket has not yet taken all of the command.
bool connection::front_flows() const noexcept { return !input_.unread.empty() || ring_.front().end > taken_; }

/// Since when the server owes the first that waits its answer, and has answered nobody else in time either.
steady::time_point connection::front_due_since() const noexcept {
    const call* const front = ring_.front().who;
    return std::max({front != nullptr ? front->now : steady::time_point{}, way_free_, useful_});
}

/// A large command is on its way as long as the other side acknowledges more and more of it. When it has enough, the
/// answer is due.
void connection::look_at_taken(steady::time_point now) {
    if (ring_.front().end > taken_) {
        int left = 0;
        ::ioctl(descriptor_, SIOCOUTQ, &left);
        const std::uint64_t waiting = left > in_flight_bytes ? static_cast<std::uint64_t>(left - in_flight_bytes) : 0;
        const std::uint64_t taken = sent_ - std::min(sent_, waiting);
        if (taken > taken_) moved_ = now;
        taken_ = std::max(taken, taken_);
    }
    const bool was_on_its_way = std::exchange(command_on_its_way_, ring_.front().end > taken_);
    if (was_on_its_way && !command_on_its_way_) way_free_ = now;
}

/// Why the connection is to end, or null.
const char* connection::standstill(steady::time_point now) const noexcept {
    const steady::time_point since = front_due_since();
    if (!front_flows()) return now - since >= options_.timeout ? "it did not answer in time" : nullptr;
    if (now - std::max(since, moved_) >= options_.timeout) return "it stood still in the middle of an exchange";
    return now - since >= std::max(options_.transfer_max, options_.timeout)
               ? "one exchange took longer than transfer_max"
               : nullptr;
}

/// Somebody has become late since the last tick.
bool connection::has_late(steady::time_point now) const noexcept {
    const std::uint64_t next = std::max(looked_at_, ring_.popped()) - ring_.popped();
    return next < ring_.size() && now - ring_.at(next).who->now >= options_.timeout;
}

void connection::tick(steady::time_point now) {
    if (ended_ || !waits()) return;
    if (greeting_ != greeting::done) {
        if (now - begun_ < options_.timeout) return;
        receive_all();
        if (greeting_ != greeting::done) cut(errc::timed_out, "it did not answer in time");
        return;
    }
    look_at_taken(now);
    if (has_late(now) || standstill(now) != nullptr) {
        receive_all();  // it may be this shard that was held up, and not the server
        if (ended_ || ring_.empty()) return;
        if (const char* const why = standstill(now)) return cut(errc::timed_out, why);
        give_up_late(now);
        if (ended_ || ring_.empty()) return;
    }
    slow_front_ = front_is_late() && front_flows();
}

/// Each that is late is looked at once. The connection goes on, and its commands with it: they may still be executed.
void connection::give_up_late(steady::time_point now) {
    while (has_late(now)) {
        looked_at_ = std::max(looked_at_, ring_.popped()) + 1;
        const std::size_t place = looked_at_ - 1 - ring_.popped();
        if (place == 0 && front_flows()) continue;
        call& c = *ring_.give_up(place);
        answer_failed(c, options_, errc::timed_out, effect::maybe_done, subject_);
        c.complete();
        if (ended_) return;
    }
}

}  // namespace freshet
