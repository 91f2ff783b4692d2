// What two sites have, key by key.
#pragma once

#include "demo/sites/site.hpp"

#include <chrono>
#include <cstddef>

namespace freshet::demonstration {

struct comparison {
    std::size_t keys{0};  ///< of which anything was written
    std::size_t differing{0};
    /// What is there is nobody's last write: an answered one is nowhere, or one that was refused is there.
    std::size_t wrong{0};
};

/// Of the first so many subjects.
comparison compare(booked_site one, booked_site other, std::size_t subjects);

/// Again and again until nothing differs, at most for so long: the last one.
comparison compare_until_equal(booked_site one, booked_site other, std::size_t subjects, std::chrono::seconds limit);

}  // namespace freshet::demonstration
