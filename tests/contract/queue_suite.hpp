// The suite that every kind of queue passes. Time stands still but for pass().
#pragma once

#include <freshet/config.hpp>
#include <freshet/message.hpp>
#include <freshet/time.hpp>

#include "queue/journal/dead_request.hpp"
#include "queue/operations.hpp"
#include "shard/shard.hpp"
#include "support/queue_house.hpp"
#include "support/queue_user.hpp"

#include <gtest/gtest.h>

namespace freshet::test {

using strings = std::vector<std::string>;

/// The test is about what this kind of queue cannot.
#define NEEDS(what) \
    if (!house_->can(ability::what)) GTEST_SKIP() << "needs " #what

class every_queue : public testing::TestWithParam<queue_kind> {
protected:
    using outcome = enum publication::outcome;
    using settled = enum settlement::outcome;
    using action = enum settlement::action;
    using dead_action = enum dead_request::action;

    every_queue() { shard_.start(); }
    ~every_queue() override {
        house_->stop();
        shard_.stop();
    }

    queue_user open(const queue_options& options = {}, std::string_view name = "thumbs") {
        return {shard_, house_->open(name, options)};
    }
    void pass(milliseconds time) { house_->pass(time); }

    static message make(std::string body, std::string key = {}, std::string id = {}) {
        message m;
        m.id = std::move(id);
        m.key = std::move(key);
        m.body = std::move(body);
        return m;
    }
    std::uint64_t move_dead(dead_action what, std::string name = {}, std::vector<std::uint64_t> numbers = {}) {
        awaited<dead_request> r(shard_);
        r.action = what;
        r.queue = std::move(name);
        r.numbers = std::move(numbers);
        house_->dead_letters(r);
        r.wait_home();
        EXPECT_FALSE(r.why);
        return r.count;
    }
    std::vector<dead_letter> dead(std::string name = {}, std::size_t max = 100) {
        awaited<dead_request> r(shard_);
        r.queue = std::move(name);
        r.max = max;
        house_->dead_letters(r);
        r.wait_home();
        EXPECT_FALSE(r.why);
        return std::move(r.letters);
    }

    shard shard_{"test"};
    std::unique_ptr<queue_house> house_{GetParam().make()};
};

}  // namespace freshet::test
