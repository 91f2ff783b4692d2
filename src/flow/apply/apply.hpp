// A flow that applies changes to a store: what other sites, and this one, have told.
#pragma once

#include <freshet/config.hpp>

#include "flow/apply/server_boxes.hpp"
#include "flow/flow.hpp"
#include "queue/queue.hpp"
#include "shard/shard.hpp"
#include "store/store.hpp"
#include "version/kept_clock.hpp"

#include <memory>
#include <optional>

namespace freshet {

/// In order per key, many keys at a time. What cannot be applied is tried
/// again for ever, while other keys go on: of a pool, what a server cannot take waits in its box of `boxes`. What
/// cannot be read, or is too far ahead, is a dead letter.
std::unique_ptr<flow> make_apply_flow(shard& back, queue& from, store& to, kept_clock& clock, const flow_config& config,
                                      const site_config& here, std::optional<box_places> boxes = {});

}  // namespace freshet
