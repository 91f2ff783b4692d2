// A sleeping thread and those who wake it: a futex. std::atomic's own wait has no time limit.
#pragma once

#include <freshet/time.hpp>

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <climits>
#include <cstdint>
#include <ctime>

namespace freshet {

class futex_event {
public:
    /// Whoever sleeps wakes; whoever took count() before does not fall asleep.
    void ring() noexcept {
        rung_.fetch_add(1);
        if (asleep_.load()) ::syscall(SYS_futex, &rung_, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
    }
    std::uint32_t count() const noexcept { return rung_.load(); }
    /// Until it has rung since count(), or for so long. May wake early.
    void sleep(std::uint32_t since, std::chrono::nanoseconds longest) noexcept {
        if (longest <= longest.zero()) return;
        const auto whole = std::chrono::duration_cast<seconds>(longest);
        const timespec limit{static_cast<std::time_t>(whole.count()), static_cast<long>((longest - whole).count())};
        asleep_.store(true);
        ::syscall(SYS_futex, &rung_, FUTEX_WAIT_PRIVATE, since, &limit, nullptr, 0);
        asleep_.store(false);
    }

private:
    std::atomic<std::uint32_t> rung_{0};
    std::atomic<bool> asleep_{false};
};

}  // namespace freshet
