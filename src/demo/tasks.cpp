#include "demo/tasks.hpp"

#include <freshet/time.hpp>

#include "base/bytes.hpp"
#include "demo/server/client.hpp"
#include "protocol/ask.hpp"
#include "protocol/reply.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace freshet::demonstration {

namespace {

using clock = std::chrono::steady_clock;

constexpr std::chrono::seconds lost_after{30};  ///< in which no other result came
constexpr crowd publishers{32, 1}, readers{2 * task_calls, 1};

struct task {
    std::string name;
    clock::time_point published{};
    bool stored{false};
    bool asked{false};     ///< a reader waits for its result
    bool readable{false};  ///< since the server was started last
    bool read{false};      ///< at any time
};

class publishing final : public conversation {
public:
    publishing(const demo_server& server, std::vector<task>& tasks, figures& f)
        : server_(server), tasks_(tasks), figures_(f) {}

    bool ask(asking& to, std::uint32_t& subject) override {
        if (next_ == tasks_.size()) return false;
        subject = next_++;
        task& t = tasks_[subject];
        t.published = clock::now();
        to.set(server_.key_prefix() + "task:verify#" + t.name, t.name);
        return true;
    }
    void answered(std::uint32_t subject, const reply& answer, std::chrono::nanoseconds took) override {
        task& t = tasks_[subject];
        t.stored = answer.outcome == outcome::stored;
        figures_.bytes = figures_.bytes.value_or(0) + t.name.size();
        figures_.times.add(took);
    }

private:
    const demo_server& server_;
    std::vector<task>& tasks_;
    figures& figures_;
    std::uint32_t next_{0};
};

/// Asks for the oldest results that are not there yet; the route makes each get wait a while.
class reading final : public conversation {
public:
    reading(const demo_server& server, std::vector<task>& tasks, tasks_outcome& outcome, const progress& shown)
        : server_(server), tasks_(tasks), outcome_(outcome), shown_(shown) {}

    /// Reads until so many can be read, or no more come.
    void read(std::size_t wanted) {
        wanted_ = wanted;
        came_ = clock::now();
        for (task& t : tasks_) t.asked = false;
        hold(*this, server_.socket_path(), readers);
    }
    /// The server is another one.
    void forget() {
        for (task& t : tasks_) t.readable = false;
        readable_ = 0;
    }
    std::size_t readable() const noexcept { return readable_; }
    clock::time_point last() const noexcept { return last_; }

    bool ask(asking& to, std::uint32_t& subject) override {
        const auto next = std::find_if(tasks_.begin(), tasks_.end(),
                                       [](const task& t) { return t.stored && !t.readable && !t.asked; });
        if (next == tasks_.end()) return false;
        next->asked = true;
        subject = static_cast<std::uint32_t>(next - tasks_.begin());
        to.get(server_.key_prefix() + "result:" + next->name);
        return true;
    }
    void answered(std::uint32_t subject, const reply& answer, std::chrono::nanoseconds) override {
        task& t = tasks_[subject];
        t.asked = false;
        if (answer.outcome != outcome::hit) return;
        t.readable = true;
        ++readable_;
        came_ = clock::now();
        if (!std::exchange(t.read, true)) take(t, answer.value.view());
    }
    bool over() const override { return readable_ >= wanted_ || clock::now() >= came_ + lost_after; }

private:
    void take(const task& t, std::string_view result) {
        last_ = clock::now();
        outcome_.worked_off.times.add(last_ - t.published);
        if (result.starts_with("ERROR ")) ++outcome_.errors;
        else if (!result.empty()) ++outcome_.differences;
        shown_.show(
            fmt::format("2 asynchronous: {} of {} results", outcome_.worked_off.times.count(), outcome_.stored));
    }

    const demo_server& server_;
    std::vector<task>& tasks_;
    tasks_outcome& outcome_;
    const progress& shown_;
    std::size_t readable_{0};
    std::size_t wanted_{0};
    clock::time_point came_{};  ///< the last one that can be read, or when they were asked for
    clock::time_point last_{};
};

/// The ids of the calls that run. Where there is none just now, more results are awaited, up to 70 %.
std::vector<std::string> halt_at_work(demo_server& server, reading& results, std::size_t all) {
    for (std::size_t wanted = all / 2; true; wanted = results.readable() + 1) {
        results.read(wanted);
        auto running = server.halt();
        if (!running.empty() || results.readable() >= all * 7 / 10) return running;
        server.go_on();
    }
}

}  // namespace

tasks_outcome run_tasks(demo_server& server, const std::vector<std::string>& names, const progress& shown) {
    tasks_outcome outcome;
    std::vector<task> tasks;
    tasks.reserve(names.size());
    for (const std::string& name : names) tasks.push_back({.name = name});
    const auto begin = clock::now();

    figures& p = outcome.published;
    p.name = "2 tasks published, confirmed";
    publishing publish(server, tasks, p);
    p.seconds = std::chrono::duration<double>(hold(publish, server.socket_path(), publishers)).count();
    p.requests = p.times.count();
    p.concurrency = publishers.concurrency();
    outcome.tasks = tasks.size();
    outcome.stored =
        static_cast<std::size_t>(std::count_if(tasks.begin(), tasks.end(), [](const task& t) { return t.stored; }));

    reading results(server, tasks, outcome, shown);
    const auto running = halt_at_work(server, results, outcome.stored);
    outcome.read_at_kill = results.readable();
    outcome.running_at_kill = running.size();
    const auto killed = clock::now();
    server.kill();
    server.start();
    const auto restarted = clock::now();
    outcome.down_seconds = std::chrono::duration<double>(restarted - killed).count();
    results.forget();  // those that had been read must be there again, too
    results.read(outcome.stored);

    for (const task& t : tasks) {
        if (t.stored && !t.readable) ++outcome.lost;
        if (t.readable && std::find(running.begin(), running.end(), t.name) != running.end()) ++outcome.redelivered;
    }
    figures& w = outcome.worked_off;
    w.name = "  worked off, until the result was read";
    w.seconds = std::chrono::duration<double>(results.last() - begin).count();
    w.messages = w.times.count();
    return outcome;
}

}  // namespace freshet::demonstration
