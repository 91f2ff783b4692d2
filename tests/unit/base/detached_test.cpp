#include "base/detached.hpp"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <stdexcept>

namespace freshet {
namespace {

/// Tells of its end.
struct owned {
    ~owned() { ended.set_value(); }
    std::promise<void>& ended;
};

TEST(detached, what_it_throws_ends_the_thread_and_not_the_process) {
    std::promise<void> ended;
    run_detached([mine = std::shared_ptr<owned>(new owned{ended})] { throw std::runtime_error("on purpose"); });
    ended.get_future().wait();  // with what it owned
}

}  // namespace
}  // namespace freshet
