// Commands without a key.
#pragma once

#include "shard/shard.hpp"
#include "store/store.hpp"

#include <memory>
#include <vector>

namespace freshet {

/// Asks all stores and answers once: flush_all of those of `emptied`, and the sum of what all say of themselves, behind
/// what reply::value holds already. The targets live as long as it does.
std::unique_ptr<store> make_every_store(shard& home, std::vector<store*> all, std::vector<store*> emptied);

}  // namespace freshet
