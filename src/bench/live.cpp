#include "bench/live.hpp"

#include <freshet/time.hpp>

#include "bench/text.hpp"

#include <fmt/format.h>

namespace freshet::load {

void live_line::tell(const histogram& times, std::uint64_t errors, std::int64_t now_ns) {
    const std::lock_guard lock(mutex_);
    times_.add(times);
    errors_ += errors;
    if (now_ns - shown_ns_ < every_ns) return;
    const double seconds = static_cast<double>(now_ns - shown_ns_) / 1e9;
    if (shown_ns_ != 0) {
        const auto p99 = times_.quantile_us(990);
        shown_.show(fmt::format("{}: {:.0f}/s{}, {} errors", phase_, static_cast<double>(times_.total()) / seconds,
                                p99 ? fmt::format(", p99 {}", time_text(*p99)) : "", errors_));
    }
    times_ = {};
    errors_ = 0;
    shown_ns_ = now_ns;
}

}  // namespace freshet::load
