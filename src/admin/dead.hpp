// freshet dead: the messages that were given up.
#pragma once

#include "admin/dead_letters.hpp"

#include <freshet/config.hpp>

namespace freshet {

/// Asks the server of the configuration's state folder, or opens its journals if none runs. The exit status.
int dead(const config& c, const dead_command& command);

}  // namespace freshet
