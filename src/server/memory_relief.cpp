#include "server/memory_relief.hpp"

#include "base/system_memory.hpp"
#include "server/session.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace freshet {

namespace {
constexpr std::size_t worth_returning_bytes = std::size_t{16} << 20;
constexpr std::size_t returned_in_a_tick_bytes = std::size_t{16} << 20;  ///< a few milliseconds of the system's time
constexpr seconds between_warnings{10};
}  // namespace

memory_relief::~memory_relief() {
    if (ticking_) home_.remove(*this);
}

void memory_relief::changed(session& who, std::size_t before, std::size_t now) {
    memory_budget& memory = home_.memory();
    memory.subtract(before);
    memory.add(now);
    sessions_bytes_ += now - before;
    holders_.changed(who, before, now);
}

void memory_relief::relieve() {
    memory_budget& memory = home_.memory();
    if (memory.peak_bytes() > worth_returning_bytes && !std::exchange(ticking_, true)) home_.add(*this);
    if (!memory.is_tight()) return;
    say_tight();
    while (memory.is_over() && sessions_bytes_ > memory.max_bytes() / 4) {  // else it is not theirs
        auto* const most = static_cast<session*>(holders_.largest());
        if (most == nullptr) break;
        close(*most);
    }
    if (!memory.take_refusal() || !memory.is_tight()) return;
    auto* const most = static_cast<session*>(holders_.largest());
    if (most != nullptr && home_.now() - most->moved_at() >= standing_still) close(*most);
}

void memory_relief::close(session& who) {
    spdlog::warn(
        "{}: a connection is closed: it held {} bytes, more than most, and there are {} for all of this shard's "
        "(memory_max)",
        home_.name(), who.held_bytes(), home_.memory().max_bytes());
    closed_.store(closed() + 1, std::memory_order_relaxed);
    who.close();
}

void memory_relief::say_tight() {
    if (said_ != steady::time_point{} && home_.now() - said_ < between_warnings) return;
    said_ = home_.now();
    spdlog::warn(
        "{}: clients hold {} of {} bytes (memory_max): who holds some is not read, and large values are refused",
        home_.name(), home_.memory().held_bytes(), home_.memory().max_bytes());
}

/// What was held for a while and is not any more goes back to the system.
void memory_relief::tick(steady::time_point) {
    memory_budget& memory = home_.memory();
    if (memory.held_bytes() > memory.peak_bytes() / 2 || return_free_memory(returned_in_a_tick_bytes)) return;
    memory.forget_peak();
    home_.remove(*this);
    ticking_ = false;
}

}  // namespace freshet
