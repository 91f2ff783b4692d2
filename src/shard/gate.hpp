// What one coroutine waits for until somebody opens it, or for a time; awaited.hpp and store/execute.cpp are made of
// it. Own thread of a shard.
#pragma once

#include <freshet/time.hpp>

#include "shard/handler_room.hpp"
#include "shard/shard.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <tuple>

namespace freshet {

/// Opened by anybody, waited for by one coroutine. open() never resumes it inline: a frame that goes away must not take
/// along whoever is just opening.
class gate {
public:
    explicit gate(shard& home);
    gate(const gate&) = delete;
    gate& operator=(const gate&) = delete;

    void open() noexcept;
    bool is_open() const noexcept { return open_; }
    /// Returns once the gate is open, or so late, and closes it again. All its memory is taken here, and none once it
    /// is awaited, which asio would not survive: so wait() is called before what opens the gate is lent, and awaited
    /// after.
    boost::asio::awaitable<void> wait(milliseconds at_most = milliseconds::max());

private:
    using ending = std::tuple<boost::system::error_code>;
    boost::asio::awaitable<void> pass(boost::asio::awaitable<ending> timer_ends);

    handler_room room_;
    boost::asio::steady_timer timer_;
    bool open_{false};
};

}  // namespace freshet
