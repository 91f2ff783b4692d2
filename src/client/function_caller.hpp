// A worker that is a function of this process, called in threads of its own.
#pragma once

#include "flow/caller.hpp"

#include <freshet/client.hpp>

#include <memory>

namespace freshet {

std::unique_ptr<caller> make_function_caller(shard& back, client::worker work, unsigned threads);

}  // namespace freshet
