#include "demo/demo.hpp"

#include <freshet/time.hpp>

#include "base/interrupt.hpp"
#include "demo/report.hpp"
#include "demo/server/pool.hpp"
#include "demo/server/queue.hpp"
#include "demo/server/removal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string_view>

namespace freshet {

namespace {

using namespace demonstration;

constexpr int done = 0, failed = 1, interrupted_status = 130;  // 130: as a shell says of SIGINT

constexpr std::size_t cache_bytes_min = std::size_t{1} << 20;  ///< of a store at all
constexpr std::size_t bulk_share = 3, bulk_bytes_min = std::size_t{64} << 20;

void say(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
}

/// How a shell in this folder calls the program.
std::string program_here() {
    const std::filesystem::path path = own_path();
    const std::string near = path.lexically_proximate(std::filesystem::current_path()).string();
    return near.starts_with("..") ? path.string() : near.find('/') == std::string::npos ? "./" + near : near;
}

/// Tells people each scenario when it is done.
report run_scenarios(const demo_options& options) {
    const progress shown;
    const auto tell = [&](const std::string& text) {
        shown.clear();
        if (!options.json) say(text);
    };
    const auto begin = std::chrono::steady_clock::now();
    report r;
    r.pool = options.store;
    r.queue = kind_of_queue(options.queue);
    check_pool(r.pool);
    if (!options.other_site.empty()) {
        check_site(r.pool);
        check_site(options.other_site);
    }
    shown.show("reading the package database");
    const package_database packages = read_packages();
    const auto installed = installed_packages(tasks_max);
    r.source = packages.source;
    r.records = packages.records.size();
    r.record_bytes = packages.size_bytes();
    r.cache_bytes = std::max(cache_bytes_min, r.record_bytes / 4);
    tell(describe_input(r));

    demo_server server(
        {r.cache_bytes, std::max(bulk_bytes_min, r.record_bytes * bulk_share), task_calls, r.pool, options.queue});
    r.cache = run_cache(server, packages, shown);
    tell(describe_cache(r));
    r.tasks = run_tasks(server, installed, shown);
    tell(describe_tasks(r));
    r.bulk = run_bulk(server, packages, shown);
    tell(describe(r.bulk));
    if (!r.pool.empty()) run_removal(server, packages, installed, shown);
    if (!server.stop()) throw std::runtime_error("the server did not end as it should");
    if (!options.other_site.empty()) {
        r.sites = run_sites({r.pool, options.other_site, options.queue, options.link}, packages, shown);
        tell(describe_sites(r));
    }
    r.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    return r;
}

/// The store in memory has room for every record; a pool may have to evict some.
bool kept_its_promises(const report& r) {
    const tasks_outcome& t = r.tasks;
    const bulk_outcome& b = r.bulk;
    const std::size_t wrong = b.not_stored + b.different + (r.pool.empty() ? b.missing : 0);
    if (t.stored == t.tasks && t.lost == 0 && wrong == 0) return true;
    fmt::print(stderr,
               "freshet: {} of {} tasks were stored, {} of these are lost; {} records were not stored, {} not there "
               "any more, {} came back different\n",
               t.stored, t.tasks, t.lost, b.not_stored, b.missing, b.different);
    return false;
}

/// A write that was not answered as stored, as on a busy machine, is none that anybody relies on.
bool sites_are_equal(const sites_outcome& s) {
    if (s.journey.unread == 0 && s.end.differing == 0 && s.end.wrong == 0) return true;
    fmt::print(stderr,
               "freshet: {} of {} records that were written at one site have not reached the other; of {} keys {} "
               "differ, and {} "
               "are not as they were answered\n",
               s.journey.unread, s.journey.written, s.end.keys, s.end.differing, s.end.wrong);
    return false;
}

}  // namespace

int demo(const demo_options& options) {
    note_interrupts();
    try {
        const report r = run_scenarios(options);
        say(options.json ? to_json(r) : conclude(r, program_here()));
        const bool kept = kept_its_promises(r), equal = !r.sites || sites_are_equal(*r.sites);
        return kept && equal && std::ferror(stdout) == 0 ? done : failed;
    } catch (const interrupted&) {
        return interrupted_status;
    }
}

}  // namespace freshet
