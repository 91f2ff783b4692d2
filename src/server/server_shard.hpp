// What all sessions of one shard share: buffers, calls, limits, figures. Own thread only, but for the figures.
#pragma once

#include <freshet/config.hpp>
#include <freshet/time.hpp>

#include "call/call.hpp"
#include "route/table.hpp"
#include "server/server.hpp"
#include "shard/output.hpp"
#include "shard/reactor.hpp"
#include "shard/shard.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace freshet {

class session;

/// A call of a session, in its line of replies.
struct session_call : call {
    session_call* behind{nullptr};
    bool answered{false};
};

/// Written by the shard, read by any thread.
struct connection_figures {
    std::atomic<std::uint64_t> accepted{0}, bytes_read{0}, bytes_written{0};

    static void add(std::atomic<std::uint64_t>& to, std::uint64_t n) noexcept {
        to.store(to.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);  // one writer
    }
};

/// What a whole server shares.
struct server_state {
    const server_config& config;
    server_host& host;
    std::atomic<std::uint64_t> connections{0};
    std::atomic<std::uint64_t> rejected{0};
    std::atomic<std::uint64_t> flushes{0};
    steady::time_point started{steady::now()};
    std::vector<struct server_shard*> shards{};
    std::mutex left_mutex{};
    std::condition_variable last_left{};

    /// A connection has ended. Any thread.
    void leave() {
        if (connections.fetch_sub(1) != 1) return;
        const std::lock_guard lock(left_mutex);
        last_left.notify_all();
    }
    /// Until there is no connection, or the deadline.
    void wait_until_empty(steady::time_point deadline) {
        std::unique_lock lock(left_mutex);
        last_left.wait_until(lock, deadline, [this] { return connections.load() == 0; });
    }
};

struct server_shard {
    static constexpr std::size_t scratch_max_bytes = std::size_t{1} << 20;  ///< more is sent before more is said
    static constexpr std::size_t unsent_max_bytes = std::size_t{4} << 20;   ///< of one session: it stops reading
    static constexpr std::size_t pending_max = 1024;                        ///< calls of one session: it stops reading
    /// Unsent of all: who has any of it stops reading.
    static constexpr std::size_t held_max_bytes = std::size_t{256} << 20;

    server_shard(server_state& of, shard& on)
        : server(of), home(on), reactor(on.reactor()), routes(of.host.make_routes(on)) {}

    session_call* take_call();
    void give_back(session_call* c);

    server_state& server;
    shard& home;
    freshet::reactor& reactor;
    std::unique_ptr<route_table> routes;
    output scratch;             ///< what one session is just saying; empty between them
    std::size_t held_bytes{0};  ///< what the sessions' sockets would not take
    connection_figures figures{};
    session* sessions{nullptr};  ///< linked list of all
    bool stopping{false};

private:
    std::vector<std::unique_ptr<session_call>> calls_;
    std::vector<session_call*> free_calls_;
};

}  // namespace freshet
