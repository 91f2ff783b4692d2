#include "store/execute.hpp"

#include <freshet/time.hpp>

#include "call/call.hpp"
#include "call/step.hpp"
#include "shard/gate.hpp"

namespace freshet {

namespace asio = boost::asio;

/// Opens its gate when the call is answered.
struct gate_step final : step {
    explicit gate_step(shard& home) : answered(home) {}
    bool on_reply(call&) override {
        answered.open();
        return true;
    }
    gate answered;
};

asio::awaitable<reply> execute(shard& home, store& target, const request& r) {
    call c;
    c.request = r;
    c.keep_key();
    c.home = &home;
    c.now = steady::now();
    gate_step who(home);
    start(target, c, who);
    co_await who.answered.wait();
    co_return std::move(c.reply);
}

}  // namespace freshet
