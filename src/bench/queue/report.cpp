#include <freshet/config.hpp>
#include <freshet/time.hpp>

#include "base/json.hpp"
#include "bench/queue/tally.hpp"
#include "bench/report.hpp"
#include "bench/text.hpp"
#include "queue/operations.hpp"

#include <fmt/format.h>

#include <iterator>

namespace freshet::load {

namespace {

double per_message(double of, const queue_tally& t) { return of / static_cast<double>(t.settled); }

}  // namespace

std::string report_text(const queue_options& o, const queue_tally& t, const cost& spent) {
    const double rate = static_cast<double>(t.settled) / spent.seconds();
    std::string to =
        fmt::format("S            {:.1f} MB/s of bodies\n", rate * static_cast<double>(o.value_bytes) / 1e6);
    const auto out = std::back_inserter(to);
    fmt::format_to(out, "P            {:.0f} messages/s published, received and acknowledged\n", rate);
    if (t.confirm.total() != 0) fmt::format_to(out, "D confirm    {}\n", times_text(t.confirm));
    if (t.delivery.total() != 0) fmt::format_to(out, "D delivery   {}\n", times_text(t.delivery));
    if (t.settle.total() != 0) fmt::format_to(out, "D settle     {}\n", times_text(t.settle));
    fmt::format_to(out, "messages     {} in {:.2f} s, {} redelivered, {} receives found nothing\n", t.settled,
                   spent.seconds(), t.redelivered, t.empty);
    if (t.earlier != 0)
        fmt::format_to(out, "left over    {} messages of an earlier run were in the queue\n", t.earlier);
    if (t.missing != 0) fmt::format_to(out, "missing      {} messages were confirmed and had not come\n", t.missing);
    to += error_lines(t.errors);
    to += generator_text(spent.own_cpu_share(), 1);
    if (t.settled == 0) return to;
    if (spent.server_cpu_ns) {
        fmt::format_to(out, "server       {:.2f} us of CPU a message\n",
                       per_message(static_cast<double>(*spent.server_cpu_ns) / 1e3, t));
    }
    if (spent.sync_calls) {
        fmt::format_to(out, "syncs        {:.3f} a message\n", per_message(static_cast<double>(*spent.sync_calls), t));
    }
    return to;
}

std::string report_json(const queue_options& o, const queue_tally& t, const cost& spent) {
    const double rate = static_cast<double>(t.settled) / spent.seconds();
    std::string to = fmt::format("{{\"S_bytes_per_s\": {:.0f}, \"P_per_s\": {:.1f}",
                                 rate * static_cast<double>(o.value_bytes), rate);
    const auto out = std::back_inserter(to);
    if (t.confirm.total() != 0) to += ", \"D_confirm_us\": " + times_json(t.confirm);
    if (t.delivery.total() != 0) to += ", \"D_delivery_us\": " + times_json(t.delivery);
    if (t.settle.total() != 0) to += ", \"D_settle_us\": " + times_json(t.settle);
    fmt::format_to(out,
                   ", \"messages\": {}, \"published\": {}, \"redelivered\": {}, \"missing\": {}, \"earlier\": {}, "
                   "\"empty\": {}",
                   t.settled, t.published, t.redelivered, t.missing, t.earlier, t.empty);
    to += error_members(t.errors);
    fmt::format_to(out, ", \"seconds\": {:.6f}, \"own_cpu\": {:.3f}", spent.seconds(), spent.own_cpu_share());
    if (spent.server_cpu_ns && t.settled != 0) {
        fmt::format_to(out, ", \"server_cpu_us\": {:.4f}",
                       per_message(static_cast<double>(*spent.server_cpu_ns) / 1e3, t));
    }
    if (spent.sync_calls && t.settled != 0) {
        fmt::format_to(out, ", \"syncs_per_message\": {:.4f}", per_message(static_cast<double>(*spent.sync_calls), t));
    }
    return to + "}\n";
}

}  // namespace freshet::load
