// Pauses of coroutines that can be ended all at once. Own thread of a shard.
#pragma once

#include <freshet/time.hpp>

#include "shard/gate.hpp"
#include "shard/shard.hpp"

#include <boost/asio/awaitable.hpp>

#include <set>

namespace freshet {

inline constexpr milliseconds trouble_delay_min{
    100};  ///< before a store or queue that failed is asked again; doubled each time
inline constexpr milliseconds trouble_delay_max{5'000};

class pauses {
public:
    explicit pauses(shard& home) : home_(home) {}
    pauses(const pauses&) = delete;
    pauses& operator=(const pauses&) = delete;

    boost::asio::awaitable<void> pause(milliseconds time);
    /// Ends those that are under way.
    void end();
    /// Ends those, too, that are asked for from now on.
    void end_for_good();
    bool are_over() const noexcept { return over_; }

private:
    shard& home_;
    std::set<gate*> under_way_;
    bool over_{false};
};

}  // namespace freshet
