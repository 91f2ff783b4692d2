// A worker that is a function of this process, called in threads of its own.
#pragma once

#include <freshet/client.hpp>

#include "flow/worker.hpp"
#include "shard/shard.hpp"

#include <memory>

namespace freshet {

std::unique_ptr<flow_worker> make_function_worker(shard& back, client::worker work, unsigned threads);

}  // namespace freshet
