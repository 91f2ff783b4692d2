// A store of one shard that keeps the calls for keys that begin with "held" until the test lets them go, and fails
// those for keys that begin with "broken".
#pragma once

#include <freshet/error.hpp>

#include "call/call.hpp"
#include "protocol/reply.hpp"
#include "protocol/request.hpp"
#include "store/store.hpp"

#include <string>
#include <vector>

namespace freshet::test {

class held_store final : public store {
public:
    bool submit(call& c) override {
        ++asked;
        c.reply.outcome = outcome::hit;
        if (c.request.key.starts_with("large")) c.reply.value.append(large);
        else c.reply.value.append(c.request.key);
        if (c.request.key.starts_with("broken")) c.reply.fail(errc::timed_out, effect::not_done, "server x");
        else if (c.request.command != command::get) c.reply.outcome = outcome::stored;
        if (!c.request.key.starts_with("held")) return true;
        held.push_back(&c);
        return false;
    }
    /// On the shard.
    void release_newest() {
        call* const c = held.back();
        held.pop_back();
        c->complete();
    }
    void release_all() {
        for (const std::vector<call*> all = std::exchange(held, {}); call* const c : all) c->complete();
    }

    std::vector<call*> held;
    std::size_t asked{0};
    std::string large = std::string(64 << 10, 'x');
};

}  // namespace freshet::test
