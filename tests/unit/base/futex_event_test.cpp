#include "base/futex_event.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace freshet {
namespace {

TEST(futex_event, who_counted_before_a_ring_does_not_fall_asleep) {
    futex_event b;
    const auto before = b.count();
    b.ring();
    b.sleep(before, std::chrono::hours(1));
    EXPECT_EQ(b.count(), before + 1);
}

TEST(futex_event, a_ring_is_never_missed) {
    futex_event there, back;
    constexpr std::uint32_t rings = 2'000;
    std::thread other([&] {
        for (std::uint32_t i = 0; i < rings; ++i) {
            while (there.count() <= i) there.sleep(i, std::chrono::hours(1));
            back.ring();
        }
    });
    for (std::uint32_t i = 0; i < rings; ++i) {
        there.ring();
        while (back.count() <= i) back.sleep(i, std::chrono::hours(1));
    }
    other.join();
}

TEST(futex_event, no_time_is_no_sleep) {
    futex_event b;
    b.sleep(b.count(), std::chrono::nanoseconds(0));
    b.sleep(b.count(), std::chrono::nanoseconds(-1));
    b.sleep(b.count(), std::chrono::nanoseconds(1));
}

}  // namespace
}  // namespace freshet
