// The log: spdlog to stderr, one line for each message. Nobody who says something waits for who reads it, floods are
// summed up, and what is lost is counted.
#pragma once

#include <string_view>

namespace freshet {

/// trace, debug, info, warn, error or off. Control characters in messages are escaped, whoever wrote them.
/// False: there is no such level, nothing was changed. Once, before threads are started.
bool set_up_log(std::string_view level);

}  // namespace freshet
