// An outbox: a queue of a journal before a broker's. What is published is confirmed once it is on this disk, and goes
// on to the broker in its order, through outages of any length and restarts.
#pragma once

#include <freshet/config.hpp>

#include "queue/broker/remote_queue.hpp"
#include "queue/queue.hpp"
#include "shard/shard.hpp"

#include <memory>
#include <string_view>

namespace freshet {

/// What a box is called: NAME/outbox.
inline constexpr std::string_view outbox_suffix = "/outbox";
/// Of the box, where these are the queue's own: the limits of what waits are the box's.
queue_options outbox_options(const queue_options& of_queue);
/// The queue on the broker with the box before it, which outlives it and which nobody else reads.
std::unique_ptr<remote_queue> put_outbox_before(shard& back, std::unique_ptr<remote_queue> broker, queue& box);

}  // namespace freshet
