// The coroutine face of stores. Own thread of a shard.
#pragma once

#include "protocol/reply.hpp"
#include "protocol/request.hpp"
#include "shard/shard.hpp"
#include "store/store.hpp"

#include <boost/asio/awaitable.hpp>

namespace freshet {

/// Submits the request and waits for the reply. Key and value must live until the first suspension only.
/// The store decides how long it takes: there is no giving up, a call is borrowed until it is answered.
boost::asio::awaitable<reply> execute(shard& home, store& target, const request& r);

}  // namespace freshet
