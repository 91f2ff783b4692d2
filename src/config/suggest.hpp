// "did you mean": the name that was probably meant.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace freshet::reading {

/// The one of `known` that is nearest to `given`; empty: none is near enough.
std::string_view nearest(std::string_view given, const std::vector<std::string_view>& known);
/// ", did you mean 'concurrency'?", or "; there are: a, b", or "; there is none".
std::string suggestion(std::string_view given, const std::vector<std::string_view>& known);

}  // namespace freshet::reading
