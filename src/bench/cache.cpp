#include <freshet/time.hpp>

#include "base/escape.hpp"
#include "base/interrupt.hpp"
#include "bench/bench.hpp"
#include "bench/load/worker.hpp"
#include "bench/report.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <future>
#include <memory>

namespace freshet::load {

namespace {

constexpr int done = 0, failed = 1, interrupted = 130;  // 130: as a shell says of SIGINT

class cache_run {
public:
    explicit cache_run(const cache_options& o) : traffic_(o, find_server(o.address)), meter_(o.pid, o.calls_file) {
        for (std::size_t i = 0; i < o.threads; ++i)
            workers_.push_back(std::make_unique<worker>(traffic_, i, live_, stop_));
    }

    int run() {
        const cache_options& o = traffic_.options;
        if (o.fill) prepare("fill", [this](std::size_t i) { return filling(i); });
        if (o.warm_up != 0) prepare("warm-up", [this](std::size_t i) { return part_of(traffic_.options.warm_up, i); });
        if (demonstration::interrupt_came()) {
            std::fputs("freshet: interrupted before anything was measured\n", stderr);
            return interrupted;
        }
        const cost before = meter_.read();
        const tally counted = drive("run", [&](std::size_t i) { return measured(i, before.wall_ns); });
        const cost spent = meter_.read().since(before);
        const std::string report = o.json ? report_json(o, counted, spent) : report_text(o, counted, spent);
        std::fwrite(report.data(), 1, report.size(), stdout);
        const bool printed = std::fflush(stdout) == 0;
        if (o.hold) {
            while (std::getchar() != EOF) {}
        }
        if (demonstration::interrupt_came()) return interrupted;
        if (counted.requests() == 0) {
            std::fputs("freshet: no request was answered\n", stderr);
            return failed;
        }
        return printed ? done : failed;
    }

private:
    /// Every worker in a thread of its own. Throws what the first of them has thrown.
    template <class PhaseOf>
    tally drive(const char* name, const PhaseOf& phase_of) {
        live_.name(name);
        std::vector<std::future<tally>> running;
        for (std::size_t i = 0; i < workers_.size(); ++i) {
            running.push_back(std::async(std::launch::async, [this, i, p = phase_of(i)] {
                try {
                    return workers_[i]->drive(p);
                } catch (...) {
                    stop_ = true;
                    throw;
                }
            }));
        }
        for (const auto& r : running) r.wait();
        live_.clear();
        tally all;
        for (auto& r : running) all.add(r.get());
        return all;
    }

    template <class PhaseOf>
    void prepare(const char* name, const PhaseOf& phase_of) {
        const tally t = drive(name, phase_of);
        if (t.errors() == 0) return;
        fmt::print(stderr, "freshet: {}: {} error replies{}{}, {} connections cut or silent\n", name, t.error_replies,
                   t.first_error.empty() ? "" : ", the first: ", escaped(t.first_error),
                   t.cut_connections + t.silent_connections);
    }

    std::uint64_t share(std::uint64_t whole, std::size_t i) const {
        return whole * (i + 1) / workers_.size() - whole * i / workers_.size();
    }
    phase part_of(std::uint64_t requests, std::size_t i) const {
        phase p;
        p.requests = share(requests, i);
        return p;
    }
    phase filling(std::size_t i) const {
        phase p = part_of(traffic_.options.keys, i);
        p.fill_from = traffic_.options.keys * i / workers_.size();
        return p;
    }
    phase measured(std::size_t i, std::int64_t begin_ns) const {
        const cache_options& o = traffic_.options;
        phase p;
        if (o.requests != 0) p.requests = share(o.requests, i);
        else p.end_ns = begin_ns + static_cast<std::int64_t>(o.seconds * 1e9);
        if (o.rate > 0) {
            const auto gets = static_cast<double>(o.ratio.gets), sets = static_cast<double>(o.ratio.sets);
            p.requests_a_command = (gets * static_cast<double>(o.multi) + sets) / (gets + sets);
            const double every_ns = 1e9 * p.requests_a_command / o.rate;
            p.interval_ns = every_ns * static_cast<double>(o.threads);
            p.first_ns = static_cast<double>(begin_ns) + every_ns * static_cast<double>(i);
        }
        return p;
    }

    traffic traffic_;
    meter meter_;
    live_line live_{};
    std::atomic<bool> stop_{false};
    std::vector<std::unique_ptr<worker>> workers_{};
};

}  // namespace

int drive_cache(const cache_options& options) {
    demonstration::note_interrupts();
    allow_connections(options.connections);
    return cache_run(options).run();
}

}  // namespace freshet::load
