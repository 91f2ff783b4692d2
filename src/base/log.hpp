// The log: spdlog to stderr, one line for each message.
#pragma once

#include <string_view>

namespace freshet {

/// trace, debug, info, warn, error or off. Control characters in messages are escaped, whoever wrote them.
/// False: there is no such level, nothing was changed. Once, before threads are started.
bool set_up_log(std::string_view level);

}  // namespace freshet
