// The store of a pool of memcached servers.
#pragma once

#include <freshet/config.hpp>

#include "shard/shard.hpp"
#include "store/pool/set_aside.hpp"
#include "store/store.hpp"

#include <memory>

namespace freshet {

class resolver;

/// Of one shard: made, used and destroyed on it, or while it does not run. It begins to connect at once. A server that
/// fails answers its calls with not_done or maybe_done, and one that is set aside as one that is down; destroying the
/// store answers all that wait. A flush_all with a key is for the server that has this name.
std::unique_ptr<store> make_memcached_store(shard& home, const memcached_options& options,
                                            std::shared_ptr<const servers_set_aside> aside = {});

/// With a resolver of the caller's, which lives as long as the store.
std::unique_ptr<store> make_memcached_store(shard& home, const memcached_options& options, resolver& by);

}  // namespace freshet
