// How many messages a process takes from a broker ahead of being asked for them: as many as are asked for and worked
// on, and what is settled here while the broker is asked for more. No time of its own. Own thread only.
#pragma once

#include <freshet/time.hpp>

#include <cstddef>

namespace freshet {

class prefetch_window {
public:
    struct demand {
        std::size_t missing{0};  ///< asked for, and not here
        std::size_t leased{0};   ///< being worked on
        std::size_t here{0};     ///< not settled, whatever they wait for
    };
    struct finding {
        std::size_t more{0};   ///< are to come than until now
        bool measured{false};  ///< it was time to: at least once a second, while look() is called
    };

    static constexpr std::size_t by_need_max = 500;

    /// `fixed`: so many, always; 0: by need, at most by_need_max.
    explicit prefetch_window(std::size_t fixed) noexcept : fixed_(fixed) {}

    bool is_by_need() const noexcept { return fixed_ == 0; }
    /// So many of those that are ready nobody needs here, as was measured last.
    std::size_t surplus(std::size_t ready) const noexcept {
        return is_by_need() && ready > ahead_ ? ready - ahead_ : 0;
    }

    /// A message that was handed out has been settled.
    void settled() noexcept { ++settled_; }
    /// None comes from now on; what came does not count.
    void closed() noexcept { size_ = 0; }
    /// To be asked whenever any of it has changed. `room`: so many more come of those that were found before.
    finding look(const demand& d, std::size_t room, steady::time_point now) noexcept;

private:
    std::size_t lacking(std::size_t room, const demand& d) const noexcept;
    std::size_t within_limit(std::size_t more, const demand& d) const noexcept;
    void measure(steady::time_point now) noexcept;

    std::size_t fixed_;
    std::size_t size_{0};   ///< so many may be here, of those that came since it was closed
    std::size_t ahead_{0};  ///< that are settled while the broker is asked
    // Since begin_:
    steady::time_point begin_{};
    std::size_t settled_{0};
    std::size_t wanted_{0};  ///< the most that were asked for and worked on at once
};

}  // namespace freshet
