// Whether a change can be what it says: its version by a clock that is right, its node nobody else's.
#pragma once

#include <freshet/config.hpp>
#include <freshet/time.hpp>

#include "base/now_and_then.hpp"
#include "version/kept_clock.hpp"
#include "version/version.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace freshet {

/// One thread's. What it costs does not depend on what was seen before.
class change_origin {
public:
    change_origin(const site_config& here, const kept_clock& clock) : here_(here), clock_(clock) {}

    /// Why it is not applied: its version is more than `ahead_max` ahead.
    std::optional<std::string> refusal(version v, std::string_view site) const;
    bool is_this_site(std::string_view site) const noexcept { return site == here_.name; }
    /// Since its start.
    bool is_this_process(version v) const noexcept { return clock_.is_of_this_run(v); }
    /// Now and then: it was told by another process that has this one's node. Empty names are other programs'.
    std::optional<std::string> twin(version v, std::string_view site, steady::time_point now);
    /// Now and then: its version is more than a minute ahead of this machine's clock.
    std::optional<std::string> lead(version v, std::string_view site, steady::time_point now);

private:
    const site_config here_;
    const kept_clock& clock_;
    now_and_then twin_said_, lead_said_;
};

}  // namespace freshet
