#include "bench/report.hpp"

#include <freshet/time.hpp>

#include "base/escape.hpp"
#include "base/json.hpp"
#include "bench/text.hpp"

#include <fmt/format.h>

#include <iterator>

namespace freshet::load {

namespace {

/// Rates and shares; those without a denominator are not asked for.
struct figures {
    double requests, requests_per_s, bytes_per_s, little_us, server_cpu_us, heap_calls;

    figures(const cache_options& o, const tally& t, const cost& spent)
        : requests(static_cast<double>(t.requests())),
          requests_per_s(requests / spent.seconds()),
          bytes_per_s(static_cast<double>((t.hits + t.sets) * o.value_bytes) / spent.seconds()),
          little_us(static_cast<double>(o.connections * o.depth) / requests_per_s * 1e6),
          server_cpu_us(static_cast<double>(spent.server_cpu_ns.value_or(0)) / 1e3 / requests),
          heap_calls(static_cast<double>(spent.heap_calls.value_or(0)) / requests) {}
};

/// As many requests are under way all the time as connections can hold: Little's law applies.
bool is_textbook(const cache_options& o) { return o.rate == 0 && o.multi == 1; }

}  // namespace

std::string error_lines(const tally& t) {
    std::string to;
    const auto out = std::back_inserter(to);
    if (t.error_replies != 0)
        fmt::format_to(out, "errors       {} error replies, the first: {}\n", t.error_replies, escaped(t.first_error));
    if (t.cut_connections + t.silent_connections != 0) {
        fmt::format_to(out,
                       "errors       {} cut connections and {} without a reply in time, {} requests unanswered, {} "
                       "attempts to connect again failed\n",
                       t.cut_connections, t.silent_connections, t.unanswered, t.failed_attempts);
    }
    if (t.not_sent != 0) {
        fmt::format_to(out, "not sent     {} requests were due and still waited when the time was over\n", t.not_sent);
    }
    return to;
}

std::string error_members(const tally& t) {
    std::string to = fmt::format(
        ", \"errors\": {}, \"error_replies\": {}, \"cut_connections\": {}, \"silent_connections\": {}, "
        "\"unanswered\": {}, \"failed_attempts\": {}",
        t.errors(), t.error_replies, t.cut_connections, t.silent_connections, t.unanswered, t.failed_attempts);
    if (t.error_replies != 0) to += ", \"first_error\": " + json_text(t.first_error);
    return to;
}

std::string report_text(const cache_options& o, const tally& t, const cost& spent) {
    const figures f(o, t, spent);
    std::string to = fmt::format("S            {:.1f} MB/s of values\n", f.bytes_per_s / 1e6);
    const auto out = std::back_inserter(to);
    fmt::format_to(out, "T            {:.0f} requests/s", f.requests_per_s);
    if (o.rate > 0) fmt::format_to(out, " of {:.0f} that were wanted", o.rate);
    to += '\n';
    if (t.times.total() != 0) fmt::format_to(out, "D            {}\n", times_text(t.times));
    if (t.times.total() != 0 && is_textbook(o)) {
        fmt::format_to(out, "Little's law {} x {} / T = {}, measured {}\n", o.connections, o.depth,
                       time_text(f.little_us), time_text(t.times.mean_us()));
    }
    fmt::format_to(out, "requests     {} in {:.2f} s: {} hits, {} misses, {} sets, {} errors\n", t.requests(),
                   spent.seconds(), t.hits, t.misses, t.sets, t.errors());
    if (t.hits + t.misses != 0) {
        fmt::format_to(out, "hit rate     {:.2f} %\n",
                       static_cast<double>(t.hits) * 100 / static_cast<double>(t.hits + t.misses));
    }
    to += error_lines(t);
    to += generator_text(spent.own_cpu_share(), o.threads);
    if (t.requests() == 0) return to;
    if (spent.server_cpu_ns) fmt::format_to(out, "server       {:.3f} us of CPU a request\n", f.server_cpu_us);
    if (spent.heap_calls) fmt::format_to(out, "heap calls   {:.5f} a request\n", f.heap_calls);
    return to;
}

std::string report_json(const cache_options& o, const tally& t, const cost& spent) {
    const figures f(o, t, spent);
    std::string to = fmt::format("{{\"S_bytes_per_s\": {:.0f}, \"T_per_s\": {:.1f}", f.bytes_per_s, f.requests_per_s);
    const auto out = std::back_inserter(to);
    if (t.times.total() != 0) to += ", \"D_us\": " + times_json(t.times);
    if (t.times.total() != 0 && is_textbook(o)) fmt::format_to(out, ", \"little_mean_us\": {:.2f}", f.little_us);
    fmt::format_to(out, ", \"requests\": {}, \"hits\": {}, \"misses\": {}, \"sets\": {}", t.requests(), t.hits,
                   t.misses, t.sets);
    to += error_members(t);
    if (o.rate > 0) fmt::format_to(out, ", \"rate\": {}, \"not_sent\": {}", o.rate, t.not_sent);
    fmt::format_to(out, ", \"seconds\": {:.6f}, \"own_cpu\": {:.3f}, \"threads\": {}", spent.seconds(),
                   spent.own_cpu_share(), o.threads);
    if (spent.server_cpu_ns && t.requests() != 0) fmt::format_to(out, ", \"server_cpu_us\": {:.4f}", f.server_cpu_us);
    if (spent.heap_calls && t.requests() != 0) {
        fmt::format_to(out, ", \"heap_calls\": {}, \"heap_per_request\": {:.5f}", *spent.heap_calls, f.heap_calls);
    }
    return to + "}\n";
}

}  // namespace freshet::load
