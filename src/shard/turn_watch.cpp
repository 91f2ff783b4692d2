#include "shard/turn_watch.hpp"

#include <spdlog/spdlog.h>

#include <ctime>

namespace freshet {

namespace {

std::chrono::nanoseconds processor_time() noexcept {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

constexpr milliseconds said_every{1'000};

}  // namespace

void turn_watch::begin() noexcept { processor_ = processor_time(); }

void turn_watch::look(steady::time_point since, const std::string& name) {
    const auto now = steady::now();
    const auto taken = processor_time() - processor_;
    begin();
    if (taken <= limit) return;
    ++long_turns_;
    ++unsaid_;
    if (now - said_ < said_every) return;
    const auto in_ms = [](auto time) { return std::chrono::duration_cast<milliseconds>(time).count(); };
    spdlog::warn(
        "{} was busy with one turn for {} ms ({} ms of the processor's time): whoever it serves waited; {} such turns "
        "since the last line",
        name, in_ms(now - since), in_ms(taken), unsaid_);
    said_ = now;
    unsaid_ = 0;
}

}  // namespace freshet
