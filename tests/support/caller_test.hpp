// Calls a caller on a back shard of its own and waits for the result.
#pragma once

#include "flow/caller.hpp"

#include <freshet/shard.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

namespace freshet::test {

/// On the shard. `then` may be empty.
void spawn_call(shard& home, caller& worker, const delivery& d, milliseconds limit,
                std::function<void(call_result)> then = {});

class caller_test : public testing::Test {
protected:
    caller_test();
    ~caller_test() override;

    void use(std::unique_ptr<caller> worker);
    call_result call(std::string body, milliseconds limit = seconds(60));
    call_result call(const delivery& d, milliseconds limit = seconds(60));

    shard back{"back"};
    std::unique_ptr<caller> worker_;
};

}  // namespace freshet::test
