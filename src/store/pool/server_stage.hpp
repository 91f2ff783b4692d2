// What a server of a pool is to its shard, without the connection: the stages and what leads from one to the next.
#pragma once

#include <cstdint>

namespace freshet {

enum class server_stage : std::uint8_t {
    idle,        ///< no connection: the next call makes one
    connecting,  ///< calls wait for it
    up,
    down,     ///< failed too often in a row: calls are answered at once, until the pause is over
    probing,  ///< down, and a connection is being made to see whether it greets
    stopped,
};

enum class server_event : std::uint8_t {
    begun,         ///< a connection is being made, in the place of another one if need be
    greeted,       ///< what it says at the beginning is a memcached server's
    lost,          ///< the connection ended while nobody waited for anything
    failed,        ///< the connection ended otherwise, or could not be made
    failed_again,  ///< and did so as often in a row as is allowed
    stop,
};

constexpr server_stage next_stage(server_stage now, server_event what) noexcept {
    using enum server_stage;
    if (now == stopped || what == server_event::stop) return stopped;
    const bool is_down = now == down || now == probing;
    switch (what) {
        case server_event::begun: return is_down ? probing : connecting;
        case server_event::greeted: return now == idle || now == down ? now : up;  // of a connection that is no more
        case server_event::lost:
        case server_event::failed: return is_down ? down : idle;
        case server_event::failed_again: return down;
        case server_event::stop: break;
    }
    return stopped;
}

}  // namespace freshet
