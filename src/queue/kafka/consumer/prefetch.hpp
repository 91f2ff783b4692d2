// How many messages are here and not settled, and whether more are taken in.
#pragma once

#include <cstddef>
#include <cstdint>

namespace freshet {

class kafka_prefetch {
public:
    enum class change : std::uint8_t {
        none,
        hold,    ///< nothing more is taken in
        let_go,  ///< again
    };

    explicit kafka_prefetch(std::size_t max) noexcept : max_(max) {}

    /// Of one partition there were so many open, and now are.
    void opened(std::size_t before, std::size_t now) noexcept { open_ = open_ - before + now; }
    /// Those that were open are the group's again.
    void dropped() noexcept { open_ = 0; }
    /// What is to be done about how many there are now.
    change next() noexcept {
        if (!holding_ && open_ >= max_) {
            holding_ = true;
            return change::hold;
        }
        if (holding_ && open_ <= max_ / 2) {
            holding_ = false;
            return change::let_go;
        }
        return change::none;
    }
    bool is_holding() const noexcept { return holding_; }
    /// So many may come at once. One at least: it may be settled already.
    std::size_t room() const noexcept { return max_ > open_ ? max_ - open_ : 1; }

private:
    std::size_t max_, open_{0};
    /// From `max` on until half of them are settled. It knows nothing of the group: what is open when partitions are
    /// taken away is dropped, and that lets go.
    bool holding_{false};
};

}  // namespace freshet
