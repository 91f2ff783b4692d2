#include "queue/broker/prefetch_window.hpp"

#include <algorithm>

namespace freshet {

namespace {

constexpr milliseconds asking_takes{100};  ///< the broker, and its answer's way, at most
constexpr milliseconds measure_every{1'000};
constexpr std::size_t settled_each{4};  ///< of each that is worked on, to know how fast it goes
constexpr std::size_t settled_min{16};

}  // namespace

void prefetch_window::measure(steady::time_point now) noexcept {
    const auto took = std::max(std::chrono::ceil<milliseconds>(now - begin_), milliseconds{1});
    ahead_ = settled_ * static_cast<std::size_t>(asking_takes.count()) / static_cast<std::size_t>(took.count());
    begin_ = now;
    settled_ = 0;
}

/// What came before the window was closed counts to what is here, not to the window.
std::size_t prefetch_window::within_limit(std::size_t more, const demand& d) const noexcept {
    const std::size_t used = std::max(size_, d.here);
    return std::min(more, by_need_max > used ? by_need_max - used : 0);
}

/// Who finds no room doubles the window, so that a handful of times is enough.
std::size_t prefetch_window::lacking(std::size_t room, const demand& d) const noexcept {
    if (d.missing <= room) return 0;
    const std::size_t more = within_limit(std::max(d.missing - room, size_), d);
    if (room != 0 && more < size_) return 0;
    return more >= d.missing - room || more >= size_ / 2 || size_ + more == by_need_max ? more : 0;
}

prefetch_window::finding prefetch_window::look(const demand& d, std::size_t room, steady::time_point now) noexcept {
    finding found;
    if (!is_by_need()) {
        found.more = fixed_ - size_;
        size_ = fixed_;
        return found;
    }
    const std::size_t wanted = d.missing + d.leased;
    wanted_ = std::max(wanted_, wanted);
    found.more = lacking(room, d);
    const bool fast = settled_ >= std::max({settled_min, settled_each * wanted_, size_});
    if (fast || now - begin_ >= measure_every) {
        measure(now);
        found.measured = true;
        const std::size_t target = wanted_ + ahead_, size = size_ + found.more;
        if (fast && size != 0 && target / 2 >= size) found.more += within_limit(target - size, d);
        wanted_ = wanted;
    }
    size_ += found.more;
    return found;
}

}  // namespace freshet
