// Figures as text.
#pragma once

#include "bench/histogram.hpp"

#include <string>

namespace freshet::load {

std::string time_text(double us);

/// "mean 1.2 us, p50 ..."; what was not measured is left out.
std::string times_text(const histogram& times);
/// {"mean": 1.2, ...} in microseconds.
std::string times_json(const histogram& times);

/// How busy the generator was; over 90 % of its threads, it says that it was the limit.
std::string generator_text(double own_cpu_share, std::size_t threads);

}  // namespace freshet::load
