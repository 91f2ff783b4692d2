// Turns of a shard that keep everybody else waiting, said in the log. Own thread of the shard only.
#pragma once

#include <freshet/time.hpp>

#include <chrono>
#include <string>

namespace freshet {

class turn_watch {
public:
    /// Of the processor's time: what a thread waits for the processor is not the turn's doing.
    static constexpr milliseconds limit{20};

    /// Some turns begin, all within a few milliseconds if none is long.
    void begin() noexcept;
    /// One of them is over, that began at `since`.
    void over(steady::time_point since, const std::string& name) {
        if (steady::now() - since > limit) [[unlikely]]
            look(since, name);
    }
    unsigned long_turns() const noexcept { return long_turns_; }

private:
    void look(steady::time_point since, const std::string& name);

    std::chrono::nanoseconds processor_{0};  ///< of this thread at begin()
    steady::time_point said_{};
    unsigned long_turns_{0};
    unsigned unsaid_{0};
};

}  // namespace freshet
