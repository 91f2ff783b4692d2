// What would keep a configuration from being served here: what `serve` runs before it changes anything, and all that
// `check` runs.
#pragma once

#include <freshet/config.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace freshet {

/// One of them, with the option that it is about.
struct obstacle {
    std::string_view section;  ///< server, queue or route
    std::size_t number{0};     ///< in config.queues or config.routes
    std::string_view key;
    std::string text;  ///< a whole sentence
};

/// Looks at this machine as this user: journals and their folders, addresses and groups, what librdkafka says of its
/// properties. Changes nothing, asks no broker and no server. What only another running program is in the way of (a
/// journal's lock, a port) is not told, since that may be the server that is to be replaced.
std::vector<obstacle> find_obstacles(const config& c);

}  // namespace freshet
