// The coroutine face of stores. Own thread of a shard.
#pragma once

#include "protocol/reply.hpp"
#include "protocol/request.hpp"
#include "shard/shard.hpp"
#include "store/store.hpp"

#include <boost/asio/awaitable.hpp>

#include <set>

namespace freshet {

struct call;

/// Calls under way that can be abandoned together.
class executions {
public:
    /// Whoever can give one back early does so soon, with a failure; what it was to do may go on.
    void abandon();

private:
    friend boost::asio::awaitable<reply> execute(shard&, store&, const request&, executions*);
    std::set<call*> calls_;
};

/// Submits the request and waits for the reply. Key and value must live until the first suspension only.
/// The store decides how long it takes: a call is borrowed until it is answered. `among`: it can be abandoned there.
boost::asio::awaitable<reply> execute(shard& home, store& target, const request& r, executions* among = nullptr);

}  // namespace freshet
