// Scenario 3: every record written through the protocol and read back, byte for byte.
#pragma once

#include "tools/demo_figures.hpp"
#include "tools/demo_packages.hpp"
#include "tools/demo_progress.hpp"

#include <cstddef>
#include <string>

namespace freshet::demonstration {

struct bulk_outcome {
    std::size_t different{0};  ///< records that did not come back as they were
    figures written{};
    figures read{};
};

bulk_outcome run_bulk(const std::string& socket_path, const package_database& packages, const progress& shown);

}  // namespace freshet::demonstration
