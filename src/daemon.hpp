// The server's process: from a configuration to stores, queues, routes, flows and listeners, and back.
#pragma once

#include <freshet/config.hpp>

namespace freshet {

/// Serves until SIGTERM or SIGINT. The exit status.
int serve(const config& c);

}  // namespace freshet
