// How long one kind of work goes on within a turn of a shard before what else is ready has its share.
#pragma once

#include <freshet/time.hpp>

namespace freshet {

class turn_share {
public:
    static constexpr milliseconds length{4};

    /// The clock is asked once for `every` pieces of work; the share begins when it is asked first, if nobody says
    /// when.
    explicit turn_share(unsigned every, steady::time_point begin = {}) noexcept : every_(every) {
        if (begin != steady::time_point{}) end_ = begin + length;
    }

    /// To be asked behind each piece of work: true, the others have to wait for another turn.
    bool over() noexcept {
        if (++done_ % every_ != 0) return false;
        const auto now = steady::now();
        if (end_ == steady::time_point{}) end_ = now + length;
        return now >= end_;
    }

private:
    unsigned every_;
    unsigned done_{0};
    steady::time_point end_{};
};

}  // namespace freshet
