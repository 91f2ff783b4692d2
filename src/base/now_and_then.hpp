// What would be said of every message is said now and then, as long as it lasts.
#pragma once

#include <freshet/time.hpp>

#include <cstdint>
#include <utility>

namespace freshet {

class now_and_then {
public:
    explicit now_and_then(seconds pause = seconds(600)) noexcept : pause_(pause) {}

    /// True: it is time to say it.
    bool is_due(steady::time_point now) noexcept {
        if (now < next_) {
            ++left_out_;
            return false;
        }
        next_ = now + pause_;
        return true;
    }
    /// How often it was not, since this was asked last.
    std::uint64_t left_out() noexcept { return std::exchange(left_out_, 0); }
    /// It is over: the next time it is said at once. True: it was said.
    bool reset() noexcept { return std::exchange(next_, {}) != steady::time_point{}; }

private:
    seconds pause_;
    steady::time_point next_{};
    std::uint64_t left_out_{0};
};

}  // namespace freshet
