// A journal's clock that stands still until the test moves it.
#pragma once

#include <freshet/time.hpp>

#include "queue/queue_clock.hpp"

#include <atomic>

namespace freshet::test {

class manual_clock final : public queue_clock {
public:
    moment now() const override {
        const milliseconds passed(passed_.load());
        return {steady::time_point(std::chrono::hours(1)) + passed,
                date_at_start + passed + milliseconds(stepped_.load()), date_at_start + passed};
    }
    milliseconds glance() const override { return milliseconds(1); }
    void pass(milliseconds time) { passed_ += time.count(); }
    /// Somebody sets the clock.
    void step(milliseconds by) { stepped_ += by.count(); }

    static constexpr wall::time_point date_at_start{std::chrono::hours(500'000)};

private:
    std::atomic<milliseconds::rep> passed_{0}, stepped_{0};
};

}  // namespace freshet::test
