// The coroutine face of stores and queues: wait for a call's answer, or for an operation that was lent.
// Everything here belongs to one shard's thread.
#pragma once

#include <freshet/queue.hpp>
#include <freshet/store.hpp>

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

/// An operation that a coroutine lends:
///     lent<settlement> s(home);  s.number = 7;  q.settle(s);  co_await s.returned();
template <class Operation>
class lent final : public Operation {
public:
    explicit lent(shard& at) : gate_(at) { this->home = &at; }
    void finish() override { gate_.open(); }
    /// To be awaited once for each time it was lent.
    boost::asio::awaitable<void> returned() { return gate_.wait(); }
    bool is_back() const noexcept { return gate_.is_open(); }

private:
    gate gate_;
};

/// Submits the request and waits for the reply. Key and value must live until the first suspension only.
/// The store decides how long it takes: there is no giving up, a call is borrowed until it is answered.
boost::asio::awaitable<reply> execute(shard& home, store& target, const request& r);

}  // namespace freshet
