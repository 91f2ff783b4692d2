#include "shard/gate.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

namespace freshet {

namespace asio = boost::asio;

gate::gate(shard& home) : timer_(home.context()) {}

void gate::open() noexcept {
    open_ = true;
    timer_.cancel();  // posts
}

asio::awaitable<void> gate::wait(milliseconds at_most) {
    if (at_most == milliseconds::max()) timer_.expires_at(steady::time_point::max());
    else timer_.expires_after(at_most);
    auto timer_ends = timer_.async_wait(room_.hold(asio::as_tuple(asio::use_awaitable)));
    return pass(std::move(timer_ends));
}

asio::awaitable<void> gate::pass(asio::awaitable<ending> timer_ends) {
    if (!open_) {
        auto [ec] = co_await std::move(timer_ends);
        (void)ec;
    }
    open_ = false;
}

}  // namespace freshet
