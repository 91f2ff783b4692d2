#include "store/execute.hpp"

#include <freshet/time.hpp>

#include "call/call.hpp"
#include "call/step.hpp"
#include "shard/gate.hpp"

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

namespace {
struct opening final : step {
    explicit opening(shard& home) : answered(home) {}
    bool on_reply(call&) override {
        answered.open();
        return true;
    }
    gate answered;
};
}  // namespace

asio::awaitable<reply> execute(shard& home, store& target, const request& r) {
    call c;
    c.request = r;
    c.keep_key();
    c.home = &home;
    c.now = steady::now();
    opening who(home);
    start(target, c, who);
    co_await who.answered.wait();
    co_return std::move(c.reply);
}

}  // namespace freshet
