// The figures of a load on a cache, for people and for programs.
#pragma once

#include "bench/meter.hpp"
#include "bench/options.hpp"
#include "bench/tally.hpp"

#include <string>

namespace freshet::load {

/// The lines that say what went wrong, none where nothing did; and members of a JSON object, the first behind a comma.
std::string error_lines(const tally& counted);
std::string error_members(const tally& counted);

std::string report_text(const cache_options& options, const tally& counted, const cost& spent);
std::string report_json(const cache_options& options, const tally& counted, const cost& spent);

}  // namespace freshet::load
