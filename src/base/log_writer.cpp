#include "base/log_writer.hpp"

#include "base/detached.hpp"
#include "base/log_limit.hpp"

#include <fmt/format.h>

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>

namespace freshet {

struct log_writer::shared {
    shared(int to, std::function<std::string(std::string_view)> l) : descriptor(to), line_of(std::move(l)) {}

    void run() {
        std::unique_lock lock(mutex);
        const auto wanted = [this] { return !waiting.empty() || ending; };
        while (true) {
            if (!limit.has_more()) said.wait(lock, [&] { return wanted() || limit.has_more(); });
            else if (!said.wait_for(lock, log_limit::window, wanted)) sum_up(steady::now());
            if (waiting.empty() && ending) return;
            if (waiting.empty()) continue;
            writing.swap(waiting);
            written = false;
            lock.unlock();
            write_all();
            writing.clear();
            lock.lock();
            written = true;
            done.notify_all();
        }
    }

    void sum_up(steady::time_point now) {
        limit.sum_up(now, [this](const std::string& text) { add(line_of(text)); });
    }

    void add(std::string_view line) {
        if (waiting.size() + line.size() > waiting_max_bytes) {
            ++lost;
            return;
        }
        if (lost != 0)
            waiting += line_of(fmt::format("{} lines were lost here: nobody read them", std::exchange(lost, 0)));
        waiting += line;
    }

    void write_all() const {
        std::string_view left = writing;
        while (!left.empty()) {
            const ssize_t n = ::write(descriptor, left.data(), left.size());
            if (n >= 0) {
                left.remove_prefix(static_cast<std::size_t>(n));
            } else if (errno == EAGAIN) {  // somebody has made it so that it does not wait
                pollfd room{descriptor, POLLOUT, 0};
                ::poll(&room, 1, -1);
            } else if (errno != EINTR) {
                return;  // nobody reads any more, or the disk is full
            }
        }
    }

    const int descriptor;
    std::mutex mutex;
    std::condition_variable said, done;
    const std::function<std::string(std::string_view)> line_of;
    log_limit limit;
    std::string waiting;  ///< lines
    std::uint64_t lost{0};
    bool ending{false};
    bool written{true};   ///< what was taken out of `waiting`
    std::string writing;  ///< the thread's
};

log_writer::log_writer(int descriptor, std::function<std::string(std::string_view)> line_of)
    : shared_(std::make_shared<shared>(descriptor, std::move(line_of))) {
    run_detached([s = shared_] { s->run(); });
}

log_writer::~log_writer() {
    {
        const std::lock_guard lock(shared_->mutex);
        shared_->sum_up(steady::time_point::max());
        shared_->ending = true;
        shared_->said.notify_one();
    }
    flush();
}

void log_writer::flush() {
    std::unique_lock lock(shared_->mutex);
    shared_->done.wait_for(lock, patience, [this] { return shared_->waiting.empty() && shared_->written; });
}

void log_writer::write(std::string_view text, std::string_view line) {
    const std::lock_guard lock(shared_->mutex);
    shared& s = *shared_;
    const auto now = steady::now();
    s.sum_up(now);
    if (s.limit.admits(text, now)) s.add(line);
    s.said.notify_one();
}

}  // namespace freshet
