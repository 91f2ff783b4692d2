// The servers that the demo is told to put values into: whether the command line names some, and whether they answer.
#pragma once

#include <string>
#include <vector>

namespace freshet::demonstration {

/// A sentence that says what is wrong with the URLs of a pool, or an empty one.
std::string wrong_pool(const std::vector<std::string>& urls);

/// Asks each server what it is. Throws std::runtime_error that names the first one that does not answer or is too old.
void check_pool(const std::vector<std::string>& urls);
/// The same of servers that have to keep the versions of values.
void check_site(const std::vector<std::string>& urls);

}  // namespace freshet::demonstration
