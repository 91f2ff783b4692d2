// A flow is what happens afterwards: it takes messages from a queue, calls a program or a URL, and puts what that says
// into a store. Order: call, result, ack. It runs on the back shard.
#pragma once

#include <freshet/config.hpp>
#include <freshet/time.hpp>

#include "queue/queue.hpp"
#include "shard/shard.hpp"
#include "store/store.hpp"

#include <memory>

namespace freshet {

/// Any thread, but for what stop() says.
class flow {
public:
    virtual ~flow() = default;
    virtual const flow_config& config() const noexcept = 0;
    virtual void start() = 0;
    /// Receives no more, lets the running calls end until `deadline`, then gives their deliveries back. Waits. Not from
    /// the back shard.
    virtual void stop(steady::time_point deadline) = 0;
};

/// `keep_results`: `into` lives in this process only, so results are kept in the journal too, under the store's name.
std::unique_ptr<flow> make_flow(shard& back, queue& from, store* into, const flow_config& config, bool keep_results);

}  // namespace freshet
