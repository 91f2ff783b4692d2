// Those of a shard that hold memory, by how much it is, so that who holds most is found at once, whatever their number.
// Own thread only.
#pragma once

#include <boost/intrusive/list.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace freshet {

/// Leaves the holders by itself when it goes.
struct memory_holder : boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {};

class memory_holders {
public:
    /// It held `before` bytes and holds `now`. Who holds little is not looked at.
    void changed(memory_holder& who, std::size_t before, std::size_t now) {
        const unsigned from = size_class(before);
        const unsigned to = size_class(now);
        if (from == to) return;
        if (who.is_linked()) who.unlink();
        if (to < smallest) return;
        lists_[to].push_back(who);
        used_ |= std::uint64_t{1} << to;
    }
    /// One of those that hold most, within a factor of two: the one that has done so for longest. Null: nobody holds
    /// much.
    memory_holder* largest() noexcept {
        while (used_ != 0) {
            const auto most = static_cast<unsigned>(std::bit_width(used_)) - 1;
            if (!lists_[most].empty()) return &lists_[most].front();
            used_ &= ~(std::uint64_t{1} << most);
        }
        return nullptr;
    }

private:
    static constexpr unsigned smallest = 13;  ///< from 4 KiB on
    static unsigned size_class(std::size_t bytes) noexcept {
        return std::min(63U, static_cast<unsigned>(std::bit_width(bytes)));
    }

    std::array<boost::intrusive::list<memory_holder, boost::intrusive::constant_time_size<false>>, 64> lists_;
    std::uint64_t used_{0};  ///< a bit for each list that may hold some
};

}  // namespace freshet
