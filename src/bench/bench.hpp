// `freshet bench`: a load generator for caches and queues that speak the memcached protocol.
#pragma once

#include <freshet/config.hpp>

#include "bench/load/wire.hpp"
#include "bench/options.hpp"

namespace freshet::load {

/// The exit status: 0 the run has come to its end, 1 it could not, 130 interrupted; the figures so far are printed in
/// each case that has some. Throws a sentence where it cannot begin, and where a reply is wrong.
int drive_cache(const cache_options& options);

/// `make_wire`: what is said to the server.
int drive_queue(const queue_options& options, const wire_maker& make_wire);

}  // namespace freshet::load
