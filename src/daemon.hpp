// The server's process: from a configuration to stores, queues, routes, flows and listeners, and back.
#pragma once

#include <freshet/config.hpp>

#include "base/conceal.hpp"

#include <vector>

namespace freshet {

/// Serves until SIGTERM or SIGINT. The exit status. `secrets`: what neither its log nor what it prints shows.
int serve(const config& c, const std::vector<secret>& secrets);

}  // namespace freshet
