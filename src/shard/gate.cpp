#include "shard/gate.hpp"

#include <freshet/time.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace freshet {

namespace asio = boost::asio;

gate::gate(shard& home) : timer_(home.context(), steady::time_point::max()) {}

void gate::open() {
    open_ = true;
    timer_.cancel();  // posts
}

asio::awaitable<void> gate::wait() {
    while (!open_) {
        auto [ec] = co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
        (void)ec;
    }
    open_ = false;
}

}  // namespace freshet
