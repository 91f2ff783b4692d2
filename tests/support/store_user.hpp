// Uses a store as a client does: with commands as text. The store's time is the test's own.
#pragma once

#include <freshet/time.hpp>

#include "call/call.hpp"
#include "call/step.hpp"
#include "protocol/ask.hpp"
#include "protocol/render.hpp"
#include "protocol/request_parser.hpp"
#include "shard/output.hpp"
#include "shard/shard.hpp"
#include "store/store.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace freshet::test {

class store_user final : step {
public:
    store_user(shard& home, store& s) : home_(home), store_(s) {}

    /// The answers to these commands. On the home shard.
    std::string ask(std::string_view commands) {
        request_parser parser(std::size_t{1} << 20);
        output out;
        while (!commands.empty()) {
            client_call c;
            c.home = &home_;
            c.now = now_;
            const auto status = parser.next(commands, c.request, c.wanted);
            if (status != request_parser::status::call) {
                ADD_FAILURE() << "no command for a store: " << commands << parser.text();
                break;
            }
            c.keep_key();
            c.push(*this);
            answered_ = false;
            if (store_.submit(c)) c.complete();
            EXPECT_TRUE(answered_) << "a store that answers later needs another user";
            render(c.request, c.wanted, c.reply, out);
        }
        return std::string(out.text().view());
    }
    void pass(milliseconds time) { now_ += time; }

private:
    bool on_reply(call&) override {
        answered_ = true;
        return false;
    }

    shard& home_;
    store& store_;
    steady::time_point now_{steady::now()};
    bool answered_{false};
};

}  // namespace freshet::test
