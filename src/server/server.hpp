// The server: listeners and sessions on shards of their own.
#pragma once

#include <freshet/config.hpp>
#include <freshet/error.hpp>
#include <freshet/time.hpp>

#include "route/table.hpp"
#include "shard/shard.hpp"
#include "store/statistics.hpp"

#include <memory>
#include <string>
#include <vector>

namespace freshet {

/// What a session needs beside its routes; called on client shards.
class server_host {
public:
    virtual ~server_host() = default;
    virtual std::unique_ptr<route_table> make_routes(shard& home) = 0;
    /// For `stats queues`. Any thread.
    virtual void add_queue_statistics(std::vector<statistic>&) {}
};

class server {
public:
    virtual ~server() = default;
    /// Binds and starts to accept; the sentences are one per listener ("listening on 127.0.0.1:11311").
    virtual result<std::vector<std::string>> start() = 0;
    /// Closes the listeners, answers what is pending until `deadline`, closes the sessions. Waits. The shards run on,
    /// so that queues can give back what sessions lent them, and end in the destructor.
    virtual void stop(steady::time_point deadline) = 0;
};

std::unique_ptr<server> make_server(const server_config& config, server_host& host);

}  // namespace freshet
