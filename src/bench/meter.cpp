#include "bench/meter.hpp"

#include "base/owned_descriptor.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#include <stdexcept>

namespace freshet::load {

namespace {

std::int64_t nanoseconds(const timespec& time) { return time.tv_sec * 1'000'000'000LL + time.tv_nsec; }

std::int64_t clock_ns(clockid_t clock) {
    timespec time{};
    ::clock_gettime(clock, &time);
    return nanoseconds(time);
}

template <class Number>
std::optional<Number> difference(std::optional<Number> later, std::optional<Number> earlier) {
    if (!later || !earlier) return std::nullopt;
    return *later - *earlier;
}

}  // namespace

std::int64_t now_ns() { return clock_ns(CLOCK_MONOTONIC); }

cost cost::since(const cost& earlier) const {
    return {.wall_ns = wall_ns - earlier.wall_ns,
            .own_cpu_ns = own_cpu_ns - earlier.own_cpu_ns,
            .server_cpu_ns = difference(server_cpu_ns, earlier.server_cpu_ns),
            .heap_calls = difference(heap_calls, earlier.heap_calls),
            .sync_calls = difference(sync_calls, earlier.sync_calls)};
}

meter::meter(int pid, const std::string& calls_file) : pid_(pid) {
    if (pid != 0 && !server_cpu_ns())
        throw std::runtime_error(fmt::format("the processor time of a process {} cannot be read", pid));
    if (calls_file.empty()) return;
    const owned_descriptor file(::open(calls_file.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat known {};
    if (file.get() < 0 || ::fstat(file.get(), &known) != 0 ||
        known.st_size < static_cast<off_t>(sizeof(call_counters))) {
        throw std::runtime_error(fmt::format("{} is no file of call counters", calls_file));
    }
    void* const mapped = ::mmap(nullptr, sizeof(call_counters), PROT_READ, MAP_SHARED, file.get(), 0);
    if (mapped == MAP_FAILED) throw std::runtime_error(fmt::format("{} cannot be mapped", calls_file));
    calls_ = static_cast<const volatile call_counters*>(mapped);
}

meter::~meter() {
    if (calls_ != nullptr) ::munmap(const_cast<call_counters*>(calls_), sizeof(call_counters));
}

cost meter::read() const {
    cost result;
    result.server_cpu_ns = server_cpu_ns();
    if (calls_ != nullptr) {
        result.heap_calls = calls_->heap;
        result.sync_calls = calls_->sync;
    }
    result.own_cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    result.wall_ns = now_ns();
    return result;
}

// All its threads, those that have ended too; nanoseconds, where /proc/PID/stat has ticks of 10 ms. Any user may read
// it.
std::optional<std::int64_t> meter::server_cpu_ns() const {
    clockid_t clock{};
    timespec time{};
    if (pid_ == 0 || ::clock_getcpuclockid(pid_, &clock) != 0 || ::clock_gettime(clock, &time) != 0)
        return std::nullopt;
    return nanoseconds(time);
}

}  // namespace freshet::load
