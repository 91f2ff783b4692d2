// What one coroutine waits for until somebody opens it; awaited.hpp and store/execute.cpp are made of it. Own thread of
// a shard.
#pragma once

#include "shard/shard.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

namespace freshet {

/// Opened by anybody, waited for by one coroutine. open() never resumes it inline: a frame that goes away must not take
/// along whoever is just opening.
class gate {
public:
    explicit gate(shard& home);
    void open();
    bool is_open() const noexcept { return open_; }
    /// Returns once the gate is open, and closes it again.
    boost::asio::awaitable<void> wait();

private:
    boost::asio::steady_timer timer_;
    bool open_{false};
};

}  // namespace freshet
