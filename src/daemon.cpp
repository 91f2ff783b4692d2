#include "daemon.hpp"

#include <freshet/error.hpp>
#include <freshet/time.hpp>

#include "admin/control.hpp"
#include "base/detached.hpp"
#include "base/log.hpp"
#include "base/notify.hpp"
#include "base/state_folder.hpp"
#include "engine/engine.hpp"
#include "server/server.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>
#include <span>

namespace freshet {

namespace {

constexpr seconds time_to_close{5};  ///< files and connections, behind stop_timeout
constexpr seconds time_to_log{2};

/// The signals that would end the process, for the main thread alone. Made before any other thread.
class stop_signals {
public:
    stop_signals() {
        ::sigemptyset(&stopping_);
        for (const int signal : {SIGTERM, SIGINT}) ::sigaddset(&stopping_, signal);
        all_ = stopping_;
        for (const int signal : {SIGHUP, SIGUSR1, SIGUSR2, SIGALRM}) ::sigaddset(&all_, signal);
        ::pthread_sigmask(SIG_BLOCK, &all_, nullptr);
        std::signal(SIGPIPE, SIG_IGN);
    }
    /// Until there is one that means the end; the others are said in the log.
    int wait() {
        int signal = 0;
        while (true) {
            ::sigwait(&all_, &signal);
            if (::sigismember(&stopping_, signal) != 0) break;
            if (signal == SIGHUP) spdlog::warn("SIGHUP: nothing is read again; a new configuration needs a restart");
            else spdlog::warn("SIG{}: it means nothing here", ::sigabbrev_np(signal));
        }
        ::pthread_sigmask(SIG_UNBLOCK, &stopping_, nullptr);  // a second one ends the process at once
        return signal;
    }

private:
    sigset_t stopping_{}, all_{};
};

/// The stop ends, whatever stands still: who waits for a disk that does not answer waits for ever.
class latest_end {
public:
    explicit latest_end(steady::time_point when) {
        run_detached([s = shared_, when] {
            std::unique_lock lock(s->mutex);
            if (s->changed.wait_until(lock, when, [&] { return s->over; })) return;
            run_detached([] {  // who reads the log may be what stands still
                spdlog::critical(
                    "the stop has not come to its end in stop_timeout: something does not answer, a disk perhaps; the "
                    "process ends without it, and what was confirmed is there at the next start");
                spdlog::default_logger()->flush();
                std::_Exit(1);
            });
            s->changed.wait_for(lock, time_to_log, [] { return false; });
            std::_Exit(1);
        });
    }
    ~latest_end() {
        const std::lock_guard lock(shared_->mutex);
        shared_->over = true;
        shared_->changed.notify_one();
    }
    latest_end(const latest_end&) = delete;
    latest_end& operator=(const latest_end&) = delete;

private:
    struct shared {
        std::mutex mutex{};
        std::condition_variable changed{};
        bool over{false};
    };
    std::shared_ptr<shared> shared_{std::make_shared<shared>()};
};

int fail(const problem& p, std::span<const secret> secrets) {
    fmt::print(stderr, "freshet: {}\n", conceal(p.text, secrets));
    return 1;
}

}  // namespace

int serve(const config& c, const std::vector<secret>& secrets) {
    stop_signals signals;
    std::optional<latest_end> end;  // of all that follows here, too
    conceal_in_log(secrets);
    auto made = engine::make(c);
    if (!made) return fail(made.error(), secrets);
    engine& engine = **made;
    const auto journals = engine.journals();
    if (!journals.empty()) {
        if (const auto trouble = make_state_folder(c.state_folder)) return fail(*trouble, secrets);
    }
    const auto server = make_server(c.server, engine);
    const auto started = server->start();
    if (!started) return fail(started.error(), secrets);
    engine.start_flows();
    std::unique_ptr<control> dead_letters;
    if (!journals.empty()) {
        auto door = make_control(engine.back(), journals, control_path(c.state_folder));
        if (door) dead_letters = *std::move(door);
        else spdlog::warn("{}", door.error().text);
    }
    for (const std::string& sentence : *started) fmt::print("{}\n", conceal(sentence, secrets));
    std::fflush(stdout);
    notify("READY=1");

    const int signal = signals.wait();
    spdlog::info("{}: stopping", signal == SIGTERM ? "SIGTERM" : "SIGINT");
    notify("STOPPING=1");
    const auto deadline = steady::now() + c.server.stop_timeout;
    end.emplace(deadline + time_to_close);
    server->stop(deadline);
    engine.stop_flows(deadline);
    dead_letters.reset();
    engine.stop_queues(deadline);
    return 0;
}

}  // namespace freshet
