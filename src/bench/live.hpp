// The line on a terminal that says what the last second was like.
#pragma once

#include "base/progress.hpp"
#include "bench/histogram.hpp"

#include <cstdint>
#include <mutex>
#include <string>

namespace freshet::load {

class live_line {
public:
    static constexpr std::int64_t every_ns = 1'000'000'000;

    bool is_shown() const { return shown_.is_shown(); }
    void name(std::string phase) { phase_ = std::move(phase); }

    /// From any thread: what has come since it told last. Shows the line once a second.
    void tell(const histogram& times, std::uint64_t errors, std::int64_t now_ns);
    void clear() { shown_.clear(); }

private:
    const demonstration::progress shown_{};
    std::string phase_{};
    std::mutex mutex_{};
    histogram times_{};
    std::uint64_t errors_{0};
    std::int64_t shown_ns_{0};
};

}  // namespace freshet::load
