// Queues whose messages are on a broker: RabbitMQ or Kafka. What was confirmed is there; what was received and not yet
// settled is known here, and is the broker's to hand out again if this process ends.
#pragma once

#include <freshet/time.hpp>

#include "queue/queue.hpp"

namespace freshet {

/// A queue that is connected to a broker by itself. Any thread, as every queue; start() and stop() from the thread that
/// made it.
class remote_queue : public queue {
public:
    /// Begins to connect. What is asked before there is a connection is answered that the queue is unreachable.
    virtual void start() = 0;
    /// There is a connection now. Any thread.
    virtual bool is_connected() const noexcept = 0;
    /// Publications under way have until the deadline to be confirmed; then all that waits comes home, and the
    /// connection ends. What was received and is not settled goes back to the broker. Idempotent. The back shard and
    /// the home shards must still run.
    virtual void stop(steady::time_point deadline) = 0;
};

}  // namespace freshet
