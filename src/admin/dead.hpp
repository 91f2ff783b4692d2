// freshet dead: the messages that were given up.
#pragma once

#include <freshet/config.hpp>

#include "admin/dead_letters.hpp"
#include "base/conceal.hpp"

#include <span>
#include <string>

namespace freshet {

/// Asks the server of the configuration's state folder, or opens its journals if none runs. The exit status.
/// `secrets`: what it does not show when it fails.
int dead(const config& c, const dead_command& command, std::span<const secret> secrets);

/// Of a queue on a broker, whose dead letters this program does not read: a sentence.
std::string where_the_dead_are(const queue_config& q);

}  // namespace freshet
