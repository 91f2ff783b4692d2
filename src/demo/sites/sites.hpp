// Scenario 4: two sites, each with its own memcached servers, that tell one another what is written over a broker.
#pragma once

#include "base/progress.hpp"
#include "demo/figures.hpp"
#include "demo/packages.hpp"
#include "demo/sites/comparison.hpp"
#include "demo/sites/journey.hpp"
#include "demo/sites/link.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace freshet::demonstration {

inline constexpr std::chrono::seconds equal_within{60};

struct sites_setting {
    std::vector<std::string> servers;        ///< URLs of the first site's
    std::vector<std::string> other_servers;  ///< URLs of the second site's
    std::vector<std::string> broker;         ///< URLs
    std::optional<link_setting> link{};      ///< of the second site; none: as the broker's URL says, where that can be
};

struct sites_outcome {
    std::size_t other_servers{0};
    journey_outcome journey{};
    std::size_t hot_keys{0};  ///< which were written at both sites at once

    std::size_t under_way_at_kill{0};           ///< writes
    std::size_t told_meanwhile{0};              ///< answered at the other site while it was down
    double start_seconds{0};                    ///< until the killed site listened again
    std::optional<double> caught_up_seconds{};  ///< from then until both had the same, if they had

    std::optional<double> cut_seconds{};  ///< if the link was cut
    std::size_t told_beyond_cut{0};       ///< answered at the site whose link was there
    std::size_t answered_at_cut{0};       ///< answered at the other one all the same
    std::size_t not_done{0};              ///< and what else it said
    std::size_t maybe_done{0};
    std::optional<double> healed_seconds{};  ///< from then until both had the same, if they had

    comparison end{};  ///< of all keys
};

/// "fra" is killed never, "nyc" once, whose link is cut, too.
sites_outcome run_sites(const sites_setting& setting, const package_database& packages, const progress& shown);

}  // namespace freshet::demonstration
