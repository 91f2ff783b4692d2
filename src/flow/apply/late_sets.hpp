// Sets that came so late that a delete behind them may be forgotten: they are not stored, and that is said now and
// then.
#pragma once

#include <freshet/time.hpp>

#include "base/now_and_then.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace freshet {

/// Own thread only.
class late_sets {
public:
    /// `of`: begins the line.
    late_sets(std::string of, seconds tombstone) : of_(std::move(of)), tombstone_(tombstone) {}

    void note(wall::time_point written, std::string_view site, steady::time_point now);

private:
    std::string of_;
    seconds tombstone_;
    now_and_then said_{seconds(60)};
};

}  // namespace freshet
