// What a run costs: the processor time of the generator and of the server, and the calls that the preloaded counter
// (count_calls.c) has seen in the server.
#pragma once

#include "options.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

namespace bench {

inline std::int64_t clock_ns(clockid_t clock) {
    timespec time{};
    clock_gettime(clock, &time);
    return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
}
inline std::int64_t now_ns() { return clock_ns(CLOCK_MONOTONIC); }

// Counters as count_calls.c lays them out in its file.
struct call_counters {
    std::uint64_t heap;
    std::uint64_t sync;
};

// One reading; the difference of two is the cost of what lies between.
struct reading {
    std::int64_t wall_ns = 0;
    std::int64_t own_cpu_ns = 0;
    std::int64_t server_cpu_ns = 0;
    std::uint64_t heap_calls = 0;
    std::uint64_t sync_calls = 0;

    reading operator-(const reading& earlier) const {
        return {wall_ns - earlier.wall_ns, own_cpu_ns - earlier.own_cpu_ns, server_cpu_ns - earlier.server_cpu_ns,
                heap_calls - earlier.heap_calls, sync_calls - earlier.sync_calls};
    }
    double seconds() const { return static_cast<double>(wall_ns) / 1e9; }
    double own_cpu_share() const { return static_cast<double>(own_cpu_ns) / static_cast<double>(wall_ns); }
};

class meter {
public:
    // pid 0: no server to watch; an empty path: no counters.
    meter(int pid, const std::string& calls_file) : pid_(pid) {
        if (calls_file.empty()) return;
        const int file = open(calls_file.c_str(), O_RDONLY | O_CLOEXEC);
        if (file < 0) fail("cannot open " + calls_file);
        void* mapped = mmap(nullptr, sizeof(call_counters), PROT_READ, MAP_SHARED, file, 0);
        close(file);
        if (mapped == MAP_FAILED) fail("cannot map " + calls_file);
        calls_ = static_cast<const volatile call_counters*>(mapped);
    }

    reading read() const {
        reading result;
        result.server_cpu_ns = server_cpu_ns();
        if (calls_ != nullptr) {
            result.heap_calls = calls_->heap;
            result.sync_calls = calls_->sync;
        }
        result.own_cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
        result.wall_ns = now_ns();
        return result;
    }

    bool watches_server() const { return pid_ != 0; }
    bool counts_calls() const { return calls_ != nullptr; }

private:
    // schedstat of a process is that of its first thread only, so every thread is read. The unit is nanoseconds,
    // where /proc/PID/stat has ticks of 10 ms.
    std::int64_t server_cpu_ns() const {
        if (pid_ == 0) return 0;
        std::int64_t sum = 0;
        std::error_code error;
        const std::filesystem::directory_iterator tasks("/proc/" + std::to_string(pid_) + "/task", error);
        if (error) fail("there is no process " + std::to_string(pid_));
        for (const auto& task : tasks) {
            std::int64_t cpu = 0;
            std::ifstream(task.path() / "schedstat") >> cpu;
            sum += cpu;
        }
        return sum;
    }

    int pid_;
    const volatile call_counters* calls_ = nullptr;
};

}  // namespace bench
