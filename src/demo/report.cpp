#include "demo/report.hpp"

#include "base/json.hpp"

#include <fmt/format.h>

#include <optional>
#include <string_view>
#include <vector>

namespace freshet::demonstration {

namespace {

double megabytes(std::size_t bytes) { return static_cast<double>(bytes) / 1e6; }

std::string store_of(const report& r) {
    if (r.pool.empty()) return fmt::format("a store of {:.1f} MB", megabytes(r.cache_bytes));
    return fmt::format("{} memcached server{}", r.pool.size(), r.pool.size() == 1 ? "" : "s");
}

std::string same_after(std::optional<double> seconds) {
    if (!seconds) return fmt::format("and not the same {} s after that", equal_within.count());
    return fmt::format("both the same {} after that", time_text(*seconds * 1e6));
}

std::string cut_of(const sites_outcome& s, const std::string& broker) {
    if (!s.cut_seconds)
        return fmt::format("                nyc's link to {} was not cut: --link names one that can be\n", broker);
    return fmt::format(
        "                nyc's link to {} cut for {:.1f} s: fra answered {} writes, nyc {} ({} not_done, {} "
        "maybe_done);\n"
        "                healed, {}\n",
        broker, *s.cut_seconds, s.told_beyond_cut, s.answered_at_cut, s.not_done, s.maybe_done,
        same_after(s.healed_seconds));
}

std::string seconds_or_null(std::optional<double> s) { return s ? fmt::format("{:.3f}", *s) : "null"; }

std::string json_sites(const sites_outcome& s) {
    return fmt::format(
        R"({{"records": {}, "not_stored": {}, "unread": {}, "hot_keys": {}, "under_way_at_kill": {}, )"
        R"("told_meanwhile": {}, "start_seconds": {:.3f}, "caught_up_seconds": {}, "cut_seconds": {}, )"
        R"("told_beyond_cut": {}, "answered_at_cut": {}, "not_done": {}, "maybe_done": {}, "healed_seconds": {}, )"
        R"("keys": {}, "differing": {}, "wrong": {}}})",
        s.journey.written, s.journey.not_stored, s.journey.unread, s.hot_keys, s.under_way_at_kill, s.told_meanwhile,
        s.start_seconds, seconds_or_null(s.caught_up_seconds), seconds_or_null(s.cut_seconds), s.told_beyond_cut,
        s.answered_at_cut, s.not_done, s.maybe_done, seconds_or_null(s.healed_seconds), s.end.keys, s.end.differing,
        s.end.wrong);
}

std::vector<figures> rows_of(const report& r) {
    std::vector<figures> rows{r.cache.all,        r.cache.hit,    r.cache.source, r.tasks.published,
                              r.tasks.worked_off, r.bulk.written, r.bulk.read};
    if (r.sites) rows.insert(rows.end(), {r.sites->journey.told, r.sites->journey.readable});
    return rows;
}

constexpr std::string_view legend =
    "S: bytes of values, P: tasks with a result, T: requests answered, all in a second; D: time of one request, for a\n"
    "task from its publication until its result was read. -: not measured, or too few for that quantile.\n";
constexpr std::string_view legend_of_sites =
    "Two sites, P: records that arrived; D: from the answer at one until a get at the other, one each 1 ms, had it.\n";

constexpr std::string_view next_steps = R"(
Try next:
  {program} serve &
  printf 'set queue/a 0 0 5\r\nhello\r\nget queue/a\r\n' | nc -N 127.0.0.1 11311
  python3 -c 'from pymemcache import Client as C; c = C("127.0.0.1:11311"); c.set("a", "hello"); print(c.get("a"))'
)";

}  // namespace

std::string describe_input(const report& r) {
    return fmt::format("{} package records, {:.1f} MB, of {}\n\n", r.records, megabytes(r.record_bytes), r.source);
}

std::string describe_cache(const report& r) {
    const cache_outcome& c = r.cache;
    return fmt::format(
        "1 cache         {} records asked for by name, each as often as other packages depend on it, in {}\n"
        "                hit rate {:.1f} %: {} calls to the source avoided; of {} misses {} called it (apt-cache "
        "show)\n"
        "                and {} were filled from the records read before\n",
        c.gets(), store_of(r), c.hit_rate() * 100, c.hits, c.gets() - c.hits, c.misses_from_source,
        c.misses_from_records);
}

std::string describe_tasks(const report& r) {
    const tasks_outcome& t = r.tasks;
    return fmt::format(
        "2 asynchronous  {} tasks through {}, dpkg --verify of an installed package each, {} at a time: {} answered "
        "STORED\n"
        "                killed (SIGKILL) with {} results read and {} calls running, listening again after {:.0f} ms\n"
        "                lost {}, redelivered {}; {} results name differences, {} say that dpkg failed\n",
        t.tasks, r.queue, task_calls, t.stored, t.read_at_kill, t.running_at_kill, t.down_seconds * 1e3, t.lost,
        t.redelivered, t.differences, t.errors);
}

std::string describe(const bulk_outcome& b) {
    std::string text =
        fmt::format("3 large data    {} records written and read back, compared byte for byte: {} differ",
                    b.written.requests.value_or(0), b.different);
    if (b.not_stored != 0) text += fmt::format(", {} were not stored", b.not_stored);
    if (b.missing != 0) text += fmt::format(", {} were not there any more", b.missing);
    return text + "\n";
}

std::string describe_sites(const report& r) {
    const sites_outcome& s = r.sites.value();
    const request_times& times = s.journey.readable.times;
    std::string text = fmt::format(
        "4 two sites     fra and nyc, each with memcached servers of its own ({} and {}), tell one another over {}:\n"
        "                {} records written at one were readable at the other {} (p50), {} (p99) after the answer",
        r.pool.size(), s.other_servers, r.queue, s.journey.written - s.journey.unread,
        time_text(times.quantile_us(500)), time_text(times.quantile_us(990)));
    if (s.journey.unread != 0) text += fmt::format(", {} were not", s.journey.unread);
    if (s.journey.not_stored != 0) text += fmt::format("; {} were not stored", s.journey.not_stored);
    text += fmt::format(
        "\n"
        "                {} keys overwritten and deleted at both at once; nyc killed (SIGKILL) with {} writes under "
        "way,\n"
        "                started again after {} writes at fra, listening after {:.0f} ms, {}\n",
        s.hot_keys, s.under_way_at_kill, s.told_meanwhile, s.start_seconds * 1e3, same_after(s.caught_up_seconds));
    return text + cut_of(s, r.queue) +
           fmt::format("                {} keys compared, one by one: differing {}, not as answered {}\n", s.end.keys,
                       s.end.differing, s.end.wrong);
}

std::string conclude(const report& r, const std::string& program) {
    const auto rows = rows_of(r);
    return "\n" + table(rows) + std::string(legend) + std::string(r.sites ? legend_of_sites : "") +
           "\nLittle's law, mean D = requests under way / T:\n" + little_lines(rows) +
           fmt::format(next_steps, fmt::arg("program", program));
}

std::string to_json(const report& r) {
    const cache_outcome& c = r.cache;
    const tasks_outcome& t = r.tasks;
    return fmt::format(
        R"({{"source": {}, "records": {}, "record_bytes": {}, "seconds": {:.3f}, "servers": {}, "queue": {}, )"
        R"("cache": {{"size_bytes": {}, "gets": {}, "hits": {}, "hit_rate": {:.4f}, "source_calls_avoided": {}, )"
        R"("source_calls": {}, "filled_from_records": {}}}, )"
        R"("asynchronous": {{"tasks": {}, "stored": {}, "read_at_kill": {}, "running_at_kill": {}, )"
        R"("down_seconds": {:.3f}, "lost": {}, "redelivered": {}, "differences": {}, "errors": {}}}, )"
        R"("large_data": {{"records": {}, "not_stored": {}, "missing": {}, "different": {}}}, "sites": {}, "table": {}}})"
        "\n",
        json_text(r.source), r.records, r.record_bytes, r.seconds, json_list(r.pool), json_text(r.queue),
        r.pool.empty() ? std::to_string(r.cache_bytes) : "null", c.gets(), c.hits, c.hit_rate(), c.hits,
        c.misses_from_source, c.misses_from_records, t.tasks, t.stored, t.read_at_kill, t.running_at_kill,
        t.down_seconds, t.lost, t.redelivered, t.differences, t.errors, r.bulk.written.requests.value_or(0),
        r.bulk.not_stored, r.bulk.missing, r.bulk.different, r.sites ? json_sites(*r.sites) : "null",
        json_rows(rows_of(r)));
}

}  // namespace freshet::demonstration
