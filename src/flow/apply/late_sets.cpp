#include "flow/apply/late_sets.hpp"

#include "base/escape.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <cstdint>

namespace freshet {

void late_sets::note(wall::time_point written, std::string_view site, steady::time_point now) {
    if (!said_.is_due(now)) return;
    const std::uint64_t others = said_.left_out();
    spdlog::warn(
        "{}: a set of site {}{} came {} s after it was written, and `tombstone` is {} s: the key may have been deleted "
        "meanwhile, so it is a miss here until it is written again; `tombstone` has to be longer than an outage, and "
        "than clocks are apart",
        of_, in_quotes(site), others == 0 ? "" : fmt::format(", as {} others since the last line,", others),
        std::chrono::duration_cast<seconds>(wall::now() - written).count(), tombstone_.count());
}

}  // namespace freshet
