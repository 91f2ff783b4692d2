// The runner of a flow: takes deliveries from a queue, has a worker work on them, stores what it says, settles.
// And its rules, as plain functions.
#pragma once

#include <freshet/config.hpp>
#include <freshet/error.hpp>
#include <freshet/message.hpp>
#include <freshet/time.hpp>

#include "flow/flow.hpp"
#include "flow/worker.hpp"
#include "protocol/exptime.hpp"
#include "queue/queue.hpp"
#include "shard/shard.hpp"
#include "store/store.hpp"

namespace freshet {

std::unique_ptr<flow> make_flow(shard& back, queue& from, store* into, const flow_config& config, bool keep_results,
                                std::unique_ptr<flow_worker> worker);

/// How long a message rests after its attempt failed: backoff_min, doubled for each attempt after the first, and up to
/// a quarter more of it (`jitter` 0..1), never over backoff_max.
milliseconds backoff(const queue_options& options, unsigned attempt, double jitter);

/// No attempt is left after this one.
bool is_last_attempt(const queue_options& options, unsigned attempt);
/// It was handed out although no attempt is left: the last one ended without a verdict.
bool is_exhausted(const queue_options& options, unsigned attempt);

/// The key of a message's result: `pattern` with {id}, {key} and {queue} filled in. The problem is a reason for a dead
/// letter.
result<std::string> result_key(std::string_view pattern, const message& m, std::string_view queue_name);

/// What an error result says: "ERROR <reason>".
std::string error_value(std::string_view reason);

/// A time to live as a store's exptime: memcached takes more than 30 days for a date.
std::int64_t exptime(seconds ttl, wall::time_point now);

}  // namespace freshet
