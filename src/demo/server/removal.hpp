// What the demo has put into servers of others goes again. What cannot be removed expires by itself, see value_ttl.
#pragma once

#include "base/progress.hpp"
#include "demo/packages.hpp"
#include "demo/server/server.hpp"

#include <string>
#include <vector>

namespace freshet::demonstration {

void remove_keys(const std::string& socket_path, std::vector<std::string> keys);
void run_removal(const demo_server& server, const package_database& packages, const std::vector<std::string>& tasks,
                 const progress& shown);

}  // namespace freshet::demonstration
