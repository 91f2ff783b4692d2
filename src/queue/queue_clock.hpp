// The time of journals and broker queues (leases, pauses, expiry), so that tests can make it pass.
#pragma once

#include <freshet/time.hpp>

namespace freshet {

struct moment {
    steady::time_point since_start;  ///< for leases and waiting
    wall::time_point date;           ///< for what is kept on disk
};

struct queue_clock {
    virtual moment now() const { return {steady::now(), wall::now()}; }
    /// Who waits for a time looks at the clock at least so often.
    virtual milliseconds glance() const { return milliseconds(1'000); }

protected:
    ~queue_clock() = default;
};

struct real_clock final : queue_clock {};

}  // namespace freshet
