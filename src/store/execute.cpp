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

void executions::abandon() {
    for (call* const c : calls_) c->abandon();  // who waits for it goes on later
}

asio::awaitable<reply> execute(shard& home, store& target, const request& r, executions* among) {
    call c;
    c.request = r;
    c.keep_key();
    c.home = &home;
    c.now = steady::now();
    gate_step who(home);
    if (among != nullptr) among->calls_.insert(&c);
    auto answered = who.answered.wait();  // what throws does so before the call is lent
    start(target, c, who);
    co_await std::move(answered);
    if (among != nullptr) among->calls_.erase(&c);
    co_return std::move(c.reply);
}

}  // namespace freshet
