// Calls a flow's worker on a back shard of its own and waits for the result.
#pragma once

#include <freshet/time.hpp>

#include "flow/worker.hpp"
#include "queue/operations.hpp"
#include "shard/shard.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

namespace freshet::test {

/// On the shard. `then` may be empty.
void spawn_call(shard& home, flow_worker& worker, const delivery& d, milliseconds limit,
                std::function<void(work_result)> then = {});

class worker_test : public testing::Test {
protected:
    worker_test();
    ~worker_test() override;

    void use(std::unique_ptr<flow_worker> worker);
    work_result call(std::string body, milliseconds limit = seconds(60));
    work_result call(const delivery& d, milliseconds limit = seconds(60));

    shard back{"back"};
    std::unique_ptr<flow_worker> worker_;
};

}  // namespace freshet::test
