// Uses a pool's store on a shard of its own, with commands as text, and waits for what it is told.
#pragma once

#include <freshet/config.hpp>
#include <freshet/time.hpp>

#include "call/call.hpp"
#include "protocol/ask.hpp"
#include "protocol/render.hpp"
#include "protocol/request.hpp"
#include "protocol/request_parser.hpp"
#include "shard/output.hpp"
#include "shard/shard.hpp"
#include "store/pool/address.hpp"
#include "store/pool/pool.hpp"
#include "store/store.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>

namespace freshet::test {

class pool_user {
public:
    pool_user() { home.start(); }
    ~pool_user() {
        forget();
        home.stop();
    }

    void make(const memcached_options& options, resolver* by = nullptr) {
        home.run_and_wait([&] {
            store = by == nullptr ? make_memcached_store(home, options) : make_memcached_store(home, options, *by);
        });
    }
    /// The store goes, and answers what waits.
    void forget() {
        home.run_and_wait([&] { store.reset(); });
    }
    /// Submits a command; what it is told is found in told(), in the order of the answers.
    std::size_t ask(std::string_view command) {
        std::size_t number = 0;
        home.run_and_wait([&] { number = submit(command); });
        return number;
    }
    /// The same on the shard's own thread.
    std::size_t submit(std::string_view command) {
        const std::string kept(command);
        std::string_view input(kept);
        asked* c = nullptr;
        {
            const std::lock_guard lock(mutex_);
            c = &calls_.emplace_back();
        }
        request_parser parser(std::size_t{8} << 20);
        parser.next(input, c->request, c->wanted);
        if (c->request.command == command::stats) c->request.key = parser.arguments();
        c->user = this;
        c->home = &home;
        c->now = steady::now();
        c->keep_key();
        start(*store, *c, *c);
        return calls_.size() - 1;
    }
    /// Waits for the answer of the command with that number.
    std::string answer(std::size_t number) {
        std::unique_lock lock(mutex_);
        const bool came = changed_.wait_for(lock, seconds(20), [&] { return calls_[number].answered; });
        return came ? calls_[number].told : "(no answer)";
    }
    std::string say(std::string_view command) { return answer(ask(command)); }
    bool is_answered(std::size_t number) {
        const std::lock_guard lock(mutex_);
        return calls_[number].answered;
    }

    shard home{"test"};
    std::unique_ptr<freshet::store> store;

private:
    struct asked final : client_call, step {
        bool on_reply(call&) override {
            output out;
            reply.keep_value();
            render(request, wanted, reply, out);
            const std::lock_guard lock(user->mutex_);
            told = out.text().view();
            answered = true;
            user->changed_.notify_all();
            return false;
        }
        pool_user* user{nullptr};
        std::string told{};
        bool answered{false};
    };

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<asked> calls_;
};

}  // namespace freshet::test
