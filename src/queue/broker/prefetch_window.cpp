#include "queue/broker/prefetch_window.hpp"

namespace freshet {

namespace {

constexpr milliseconds asking_takes{100};  ///< the broker, and its answer's way, at most
constexpr milliseconds measure_every{1'000};
constexpr std::size_t settled_each{4};  ///< of each that is worked on, to know how fast it goes
constexpr std::size_t settled_min{16};

/// One at least. What is here already is counted by us, not by the broker.
std::size_t within_limit(std::size_t size, std::size_t here) noexcept {
    const std::size_t left = prefetch_window::by_need_max > here ? prefetch_window::by_need_max - here : 0;
    return std::max<std::size_t>(std::min(size, left), 1);
}

}  // namespace

void prefetch_window::measure(steady::time_point now) noexcept {
    const auto took = std::max(std::chrono::ceil<milliseconds>(now - begin_), milliseconds{1});
    ahead_ = settled_ * static_cast<std::size_t>(asking_takes.count()) / static_cast<std::size_t>(took.count());
    begin_ = now;
    settled_ = 0;
}

/// While there is room, what the broker has comes; nobody waits for another subscription before it is used up, but
/// where twice as many are wanted.
bool prefetch_window::too_small(std::size_t room, const demand& d) noexcept {
    if (d.missing <= room || d.here >= by_need_max) return false;
    const std::size_t size = within_limit(d.missing + d.leased + ahead_, d.here);
    if (room != 0 && size / 2 < room) return false;
    // At the limit, not for each message that is settled.
    if (size < d.missing && size < by_need_max / 8 && d.leased != 0) return false;
    size_ = size;
    return true;
}

prefetch_window::finding prefetch_window::look(const demand& d, std::size_t room, steady::time_point now) noexcept {
    finding found;
    if (!is_by_need()) return found;
    const std::size_t wanted = d.missing + d.leased;
    wanted_ = std::max(wanted_, wanted);
    found.subscribe = too_small(room, d);
    const bool fast = settled_ >= std::max({settled_min, settled_each * wanted_, size_});
    if (!fast && now - begin_ < measure_every) return found;
    measure(now);
    found.measured = true;
    const std::size_t size = within_limit(wanted_ + ahead_, d.here);
    const bool larger = fast && size / 2 >= size_;
    const bool smaller = !fast && d.missing != 0 && size_ / 2 >= size;  // else what is ready says it: surplus()
    if (larger || smaller) {
        size_ = size;
        found.subscribe = true;
    }
    wanted_ = wanted;
    return found;
}

}  // namespace freshet
