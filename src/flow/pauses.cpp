#include "flow/pauses.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace freshet {

namespace asio = boost::asio;

asio::awaitable<void> pauses::pause(milliseconds time) {
    if (over_) co_return;
    asio::steady_timer timer(home_.context(), time);
    timers_.insert(&timer);
    auto [ec] = co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    (void)ec;
    timers_.erase(&timer);
}

void pauses::end() {
    for (asio::steady_timer* t : timers_) t->cancel();
}

void pauses::end_for_good() {
    over_ = true;
    end();
}

}  // namespace freshet
