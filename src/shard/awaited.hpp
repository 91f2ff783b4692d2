// Operations for coroutines: lend one, then co_await its return. Used by flows; routes and sessions use finish(). Own
// thread of a shard.
#pragma once

#include "shard/gate.hpp"
#include "shard/operation.hpp"
#include "shard/shard.hpp"

namespace freshet {

/// An operation that a coroutine lends:
///     awaited<settlement> s(home);  s.number = 7;
///     auto back = s.returned();  q.settle(s);  co_await std::move(back);
template <class Operation>
class awaited final : public Operation {
public:
    explicit awaited(shard& at) : gate_(at) { this->home = &at; }
    void finish() override { gate_.open(); }
    /// Called before it is lent, and awaited after: a frame for which there is no memory takes nothing along that is
    /// lent.
    boost::asio::awaitable<void> returned() { return gate_.wait(); }
    bool is_back() const noexcept { return gate_.is_open(); }

private:
    gate gate_;
};

}  // namespace freshet
