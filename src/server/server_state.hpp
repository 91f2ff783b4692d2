// What a whole server shares, and each of its shards counts.
#pragma once

#include <freshet/config.hpp>
#include <freshet/time.hpp>

#include "server/server.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <vector>

namespace freshet {

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

}  // namespace freshet
