// What a run costs: the processor time of the generator and of the server, and the calls that a counter preloaded into
// the server (bench/count_calls.c) has seen.
#pragma once

#include <freshet/time.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace freshet::load {

/// Of the monotonic clock.
std::int64_t now_ns();

/// One reading, or the difference of two: the cost of what lies between. What cannot be read is not there.
struct cost {
    std::int64_t wall_ns{0};
    std::int64_t own_cpu_ns{0};
    std::optional<std::int64_t> server_cpu_ns{};
    std::optional<std::uint64_t> heap_calls{}, sync_calls{};

    cost since(const cost& earlier) const;
    double seconds() const { return static_cast<double>(wall_ns) / 1e9; }
    /// Of one core.
    double own_cpu_share() const { return static_cast<double>(own_cpu_ns) / static_cast<double>(wall_ns); }
};

class meter {
public:
    /// No process has a higher number (PID_MAX_LIMIT of a 64-bit Linux), and far higher ones name another's clock.
    static constexpr int pid_max = 4'194'304;

    /// pid 0: no server to watch, at most pid_max; an empty path: no counters. Throws a sentence.
    meter(int pid, const std::string& calls_file);
    ~meter();
    meter(const meter&) = delete;
    meter& operator=(const meter&) = delete;

    cost read() const;

private:
    struct call_counters {  ///< as count_calls.c lays them out in its file
        std::uint64_t heap;
        std::uint64_t sync;
    };

    std::optional<std::int64_t> server_cpu_ns() const;

    int pid_;
    const volatile call_counters* calls_{nullptr};
};

}  // namespace freshet::load
