// The time of journals and broker queues (leases, pauses, expiry), so that tests can make it pass.
#pragma once

#include <freshet/time.hpp>

namespace freshet {

struct moment {
    steady::time_point since_start;  ///< for leases and waiting
    wall::time_point date;           ///< for dates that somebody gave, and what is kept on disk
    wall::time_point paced;          ///< the date of the start and the time since then: no step of the clock moves it
};

struct queue_clock {
    virtual moment now() const {
        const auto now = steady::now();
        return {now, wall::now(), date_at_start_ + std::chrono::duration_cast<wall::duration>(now - start_)};
    }
    /// Who waits for a time looks at the clock at least so often.
    virtual milliseconds glance() const { return milliseconds(1'000); }

protected:
    ~queue_clock() = default;

private:
    steady::time_point start_{steady::now()};
    wall::time_point date_at_start_{wall::now()};
};

struct real_clock final : queue_clock {};

}  // namespace freshet
