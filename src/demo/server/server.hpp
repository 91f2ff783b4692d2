// The server that the demo's first three scenarios drive.
#pragma once

#include "demo/server/child_server.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace freshet::demonstration {

struct server_setting {
    std::size_t cache_bytes;         ///< of the store behind "package:"
    std::size_t bulk_bytes;          ///< of the store behind "record:"
    std::size_t calls;               ///< of tasks at a time
    std::vector<std::string> pool;   ///< URLs of servers that are all these stores; none: they are in memory
    std::vector<std::string> queue;  ///< URLs of the broker that has the tasks; none: a journal
};

/// Behind key_prefix(), "package:NAME" is a cache, "record:NAME" a store with room for everything, "task:verify#NAME" a
/// task that checks an installed package, "result:NAME" what it found.
class demo_server {
public:
    /// Starts it, see child_server::start.
    explicit demo_server(const server_setting& setting);

    const std::string& socket_path() const noexcept { return server_.socket_path(); }
    const std::string& key_prefix() const noexcept { return server_.key_prefix(); }

    /// Halts it and looks for the programs its flow has running: the ids of their tasks.
    std::vector<std::string> halt();
    void go_on();
    void kill() { server_.kill(); }
    /// Again on the same state, until its queue can be used.
    void start();
    bool stop() { return server_.stop(); }

private:
    child_server server_;
    bool on_broker_;
};

}  // namespace freshet::demonstration
