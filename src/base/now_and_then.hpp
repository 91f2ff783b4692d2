// What would be said of every message is said now and then, as long as it lasts.
#pragma once

#include <freshet/time.hpp>

namespace freshet {

class now_and_then {
public:
    /// True: it is time to say it.
    bool is_due(steady::time_point now) noexcept {
        if (now < next_) return false;
        next_ = now + pause;
        return true;
    }

private:
    static constexpr seconds pause{600};
    steady::time_point next_{};
};

}  // namespace freshet
