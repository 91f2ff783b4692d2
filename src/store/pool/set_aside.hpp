// Servers of a pool that are not used for now, though they may answer: what they hold is older than what was told, and
// they are to be emptied before. Any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <vector>

namespace freshet {

class servers_set_aside {
public:
    explicit servers_set_aside(std::size_t servers) : reasons_(servers) {}

    bool is_aside(std::size_t server) const noexcept { return reasons_[server].load(std::memory_order_relaxed) != 0; }
    /// Once more; it is used again once take_back() was called as often.
    void put_aside(std::size_t server) noexcept { reasons_[server].fetch_add(1); }
    void take_back(std::size_t server) noexcept { reasons_[server].fetch_sub(1); }

private:
    std::vector<std::atomic<unsigned>> reasons_;
};

}  // namespace freshet
