// The log: spdlog to stderr, one line for each message. Nobody who says something waits for who reads it, floods are
// summed up, and what is lost is counted.
#pragma once

#include "base/conceal.hpp"

#include <string_view>
#include <vector>

namespace freshet {

/// trace, debug, info, warn, error or off. Control characters in messages are escaped, whoever wrote them.
/// False: there is no such level, nothing was changed. Once, before threads are started.
bool set_up_log(std::string_view level);
/// From now on lines show what stands for these, whoever wrote them; passwords in URLs are never shown. Any thread.
void conceal_in_log(std::vector<secret> secrets);

}  // namespace freshet
