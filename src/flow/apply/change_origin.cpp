#include "flow/apply/change_origin.hpp"

#include "base/escape.hpp"
#include "base/rfc3339.hpp"
#include "version/clock.hpp"

#include <fmt/format.h>

namespace freshet {

namespace {

constexpr seconds lead_max{60};

std::string date_of(wall::time_point t) { return std::string(rfc3339().tell(t)); }

std::string teller(version v, std::string_view site) {
    return site.empty() ? "another program" : fmt::format("site {}, node {}", in_quotes(site), node_of(v));
}

}  // namespace

std::optional<std::string> change_origin::refusal(version v, std::string_view site) const {
    if (v < clock_.end()) return std::nullopt;
    return fmt::format(
        "its version, of {}, is of {}, more than {} hours ahead of this machine's clock ({}): one of the two clocks is "
        "wrong",
        teller(v, site), date_of(time_of(v)), ahead_max / std::chrono::hours(1), date_of(wall::now()));
}

std::optional<std::string> change_origin::twin(version v, std::string_view site, steady::time_point now) {
    if (!clock_.is_of_this_run(v) || site.empty()) return std::nullopt;
    if (site == here_.name && clock_.may_have_given(v)) return std::nullopt;
    if (!twin_said_.is_due(now)) return std::nullopt;
    return fmt::format(
        "another process tells changes as node {}, which is this one's (site {}; the other is of site {}): of two "
        "writes in the same millisecond one may be lost; give each process of every site a [site] node of its own",
        clock_.node(), here_.name, in_quotes(site));
}

std::optional<std::string> change_origin::lead(version v, std::string_view site, steady::time_point now) {
    const auto is = wall::now();
    if (v <= version_at(is + lead_max) || clock_.is_of_this_run(v)) return std::nullopt;
    if (!lead_said_.is_due(now)) return std::nullopt;
    const auto ahead = std::chrono::duration_cast<seconds>(time_of(v) - is);
    return fmt::format(
        "a change of {} is {} s ahead of this machine's clock: one of the two clocks is wrong; versions of this "
        "process go on from there",
        teller(v, site), ahead.count());
}

}  // namespace freshet
