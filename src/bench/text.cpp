#include "bench/text.hpp"

#include <fmt/format.h>

#include <iterator>
#include <utility>

namespace freshet::load {

namespace {

constexpr double busy_share_max = 0.9;

constexpr std::pair<const char*, unsigned> quantiles[] = {{"p50", 500}, {"p90", 900}, {"p99", 990}, {"p99.9", 999}};

}  // namespace

std::string time_text(double us) {
    if (us < 1e3) return fmt::format("{:.1f} us", us);
    return us < 1e6 ? fmt::format("{:.2f} ms", us / 1e3) : fmt::format("{:.2f} s", us / 1e6);
}

std::string times_text(const histogram& times) {
    std::string to = "mean " + time_text(times.mean_us());
    for (const auto& [name, thousandths] : quantiles) {
        if (const auto us = times.quantile_us(thousandths))
            fmt::format_to(std::back_inserter(to), ", {} {}", name, time_text(*us));
    }
    return to + ", max " + time_text(times.max_us());
}

std::string times_json(const histogram& times) {
    std::string to = fmt::format("{{\"mean\": {:.2f}", times.mean_us());
    for (const auto& [name, thousandths] : quantiles) {
        if (const auto us = times.quantile_us(thousandths))
            fmt::format_to(std::back_inserter(to), ", \"{}\": {:.2f}", name, *us);
    }
    return to + fmt::format(", \"max\": {:.2f}}}", times.max_us());
}

std::string generator_text(double own_cpu_share, std::size_t threads) {
    std::string to = fmt::format("generator    {:.0f} % of a core", own_cpu_share * 100);
    if (threads > 1) to += fmt::format(", {} threads", threads);
    if (own_cpu_share > busy_share_max * static_cast<double>(threads))
        to += ": it was the limit, so T says little of the server; give it more --threads, or compare CPU with --pid";
    return to + "\n";
}

}  // namespace freshet::load
