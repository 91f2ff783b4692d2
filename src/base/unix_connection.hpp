// A connection to a Unix socket, for tools that speak to a server on this machine.
#pragma once

#include "base/spawn.hpp"

#include <string>

namespace freshet {

/// Blocking. Holds no descriptor where nobody listens at `path`, or no socket can have such a path.
owned_descriptor connect_to_unix(const std::string& path);

}  // namespace freshet
