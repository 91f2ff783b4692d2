#include "demo/figures.hpp"

#include "base/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <numeric>
#include <string_view>

namespace freshet::demonstration {

namespace {

constexpr double nanoseconds_in_us = 1e3;

std::string bytes_rate(std::optional<double> v) {
    if (!v) return "-";
    return *v < 1e6 ? fmt::format("{:.1f} kB/s", *v / 1e3) : fmt::format("{:.1f} MB/s", *v / 1e6);
}

std::string rate_text(std::optional<double> v) {
    if (!v) return "-";
    return *v < 1000 ? fmt::format("{:.1f}/s", *v) : fmt::format("{:.0f}/s", *v);
}

std::string number(std::optional<double> v) { return v ? fmt::format("{:.1f}", *v) : "null"; }

std::size_t name_width(const std::vector<figures>& rows) {
    std::size_t width = 0;
    for (const figures& f : rows) width = std::max(width, f.name.size());
    return width;
}

std::string count(std::optional<std::size_t> v) { return v ? std::to_string(*v) : "null"; }

}  // namespace

std::optional<double> request_times::mean_us() const {
    if (all_.empty()) return std::nullopt;
    const auto sum = std::accumulate(all_.begin(), all_.end(), std::int64_t{0});
    return static_cast<double>(sum) / static_cast<double>(all_.size()) / nanoseconds_in_us;
}

std::optional<double> request_times::quantile_us(unsigned thousandths) const {
    if (all_.size() * (1000 - thousandths) < 1000) return std::nullopt;
    const std::size_t rank = (all_.size() * thousandths + 999) / 1000;
    std::vector<std::int64_t> sorted = all_;
    const auto at = sorted.begin() + static_cast<std::ptrdiff_t>(rank - 1);
    std::nth_element(sorted.begin(), at, sorted.end());
    return static_cast<double>(*at) / nanoseconds_in_us;
}

std::optional<double> figures::rate(std::optional<std::size_t> n) const {
    if (!n || seconds <= 0) return std::nullopt;
    return static_cast<double>(*n) / seconds;
}

std::optional<double> figures::little_us() const {
    const auto t = requests_per_second();
    if (!concurrency || !t || *t <= 0) return std::nullopt;
    return static_cast<double>(*concurrency) / *t * 1e6;
}

std::string time_text(std::optional<double> us) {
    if (!us) return "-";
    if (*us < 1e3) return fmt::format("{:.0f} us", *us);
    return *us < 1e6 ? fmt::format("{:.1f} ms", *us / 1e3) : fmt::format("{:.2f} s", *us / 1e6);
}

std::string table(const std::vector<figures>& rows) {
    constexpr std::string_view line = "{:<{}}  {:>11} {:>9} {:>9} {:>9} {:>9} {:>9}\n";
    const std::size_t width = name_width(rows);
    std::string to = fmt::format(line, "", width, "S", "P", "T", "D p50", "p99", "p99.9");
    for (const figures& f : rows) {
        fmt::format_to(std::back_inserter(to), line, f.name, width, bytes_rate(f.bytes_per_second()),
                       rate_text(f.messages_per_second()), rate_text(f.requests_per_second()),
                       time_text(f.times.quantile_us(500)), time_text(f.times.quantile_us(990)),
                       time_text(f.times.quantile_us(999)));
    }
    return to;
}

std::string little_lines(const std::vector<figures>& rows) {
    const std::size_t width = name_width(rows);
    std::string to;
    for (const figures& f : rows) {
        if (!f.little_us() || !f.times.mean_us()) continue;
        fmt::format_to(std::back_inserter(to), "{:<{}}  {} / ({:.0f}/s) = {}, measured {}\n", f.name, width,
                       *f.concurrency, *f.requests_per_second(), time_text(f.little_us()),
                       time_text(f.times.mean_us()));
    }
    return to;
}

std::string json_rows(const std::vector<figures>& rows) {
    std::string to;
    for (const figures& f : rows) {
        fmt::format_to(std::back_inserter(to),
                       R"({}{{"name": {}, "seconds": {:.3f}, "bytes": {}, "messages": {}, "requests": {}, )"
                       R"("S_bytes_per_s": {}, "P_per_s": {}, "T_per_s": {}, "D_us": {{"samples": {}, "mean": {}, )"
                       R"("p50": {}, "p99": {}, "p99.9": {}}}, "concurrency": {}, "little_mean_us": {}}})",
                       to.empty() ? "" : ", ", json_text(f.name), f.seconds, count(f.bytes), count(f.messages),
                       count(f.requests), number(f.bytes_per_second()), number(f.messages_per_second()),
                       number(f.requests_per_second()), f.times.count(), number(f.times.mean_us()),
                       number(f.times.quantile_us(500)), number(f.times.quantile_us(990)),
                       number(f.times.quantile_us(999)), count(f.concurrency), number(f.little_us()));
    }
    return "[" + to + "]";
}

}  // namespace freshet::demonstration
