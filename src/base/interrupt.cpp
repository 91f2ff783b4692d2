#include "base/interrupt.hpp"

#include <algorithm>
#include <atomic>
#include <csignal>

namespace freshet::demonstration {

namespace {

std::atomic<bool> came{false};  ///< set by a signal, looked at by any thread
static_assert(std::atomic<bool>::is_always_lock_free);

/// A signal just before poll() does not end it: it is looked for this often.
constexpr std::chrono::milliseconds slice{200};

}  // namespace

void note_interrupts() {
    struct sigaction action {
    }, before{};
    action.sa_handler = [](int) { came.store(true, std::memory_order_relaxed); };
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        ::sigaction(signal, nullptr, &before);
        if (before.sa_handler != SIG_IGN) ::sigaction(signal, &action, nullptr);  // nohup, or a shell's "&"
    }
}

bool interrupt_came() { return came.load(std::memory_order_relaxed); }

void check_interrupt() {
    if (interrupt_came()) throw interrupted();
}

bool wait_for(std::span<pollfd> descriptors, std::chrono::milliseconds limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (true) {
        check_interrupt();
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
        const auto time = std::clamp(left, std::chrono::milliseconds(0), slice);
        if (::poll(descriptors.data(), descriptors.size(), static_cast<int>(time.count())) > 0) return true;
        if (left <= left.zero()) return false;
    }
}

}  // namespace freshet::demonstration
