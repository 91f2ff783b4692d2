// Scenario 3: every record written through the protocol and read back, byte for byte.
#pragma once

#include "base/progress.hpp"
#include "demo/figures.hpp"
#include "demo/packages.hpp"
#include "demo/server/server.hpp"

#include <cstddef>
#include <string>

namespace freshet::demonstration {

struct bulk_outcome {
    std::size_t not_stored{0};
    std::size_t missing{0};    ///< not there when they were read
    std::size_t different{0};  ///< did not come back as they were
    figures written{};
    figures read{};
};

bulk_outcome run_bulk(const demo_server& server, const package_database& packages, const progress& shown);

}  // namespace freshet::demonstration
