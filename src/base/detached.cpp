#include "base/detached.hpp"

#include <spdlog/spdlog.h>

#include <csignal>
#include <exception>
#include <thread>
#include <utility>

namespace freshet {

namespace {

/// A thread begins with the mask of who made it.
class signals_blocked {
public:
    signals_blocked() {
        sigset_t all;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~signals_blocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    signals_blocked(const signals_blocked&) = delete;
    signals_blocked& operator=(const signals_blocked&) = delete;

private:
    sigset_t before_{};
};

}  // namespace

void run_detached(std::function<void()> work) {
    const signals_blocked begun_so;
    std::thread([work = std::move(work)] {
        try {
            work();
        } catch (const std::exception& why) {
            spdlog::error("a thread of its own has ended: {}", why.what());
        }
    }).detach();
}

}  // namespace freshet
