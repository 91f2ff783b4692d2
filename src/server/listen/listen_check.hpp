// What would keep a server from listening, told without listening anywhere.
#pragma once

#include <string>
#include <vector>

namespace freshet {

/// A sentence for each of the addresses that listen_on() would refuse, or that is in the way of one before it; else an
/// empty one. Nothing is changed, and no port and no file is touched that a running server could have: that another
/// program listens there is not told. Names are looked up; one that cannot be looked up now is not told either.
std::vector<std::string> listening_obstacles(const std::vector<std::string>& addresses);

}  // namespace freshet
