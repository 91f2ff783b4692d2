// A get that waits for its value.
#pragma once

#include <freshet/time.hpp>

#include "shard/shard.hpp"
#include "store/store.hpp"

#include <memory>

namespace freshet {

/// A get that misses in `behind` waits up to `wait` for the value.
std::unique_ptr<store> make_wait_store(shard& home, store& behind, milliseconds wait);

}  // namespace freshet
