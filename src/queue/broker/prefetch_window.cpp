#include "queue/broker/prefetch_window.hpp"

namespace freshet {

namespace {

constexpr milliseconds asking_takes{100};  ///< the broker, and its answer's way, at most
constexpr milliseconds look_anew_every{1'000};
constexpr milliseconds shrink_after{200};  ///< a short lull says little
constexpr std::size_t settled_each{4};     ///< of each that is worked on, to know how fast it goes
constexpr std::size_t settled_min{16};

}  // namespace

/// What is settled while the broker is asked.
std::size_t prefetch_window::ahead(steady::time_point now) const noexcept {
    const auto took = std::chrono::ceil<milliseconds>(now - begin_);
    return settled_ * static_cast<std::size_t>(asking_takes.count()) /
           static_cast<std::size_t>(std::max(took, milliseconds{1}).count());
}

/// One at least. What is here already is counted by us, not by the broker.
std::size_t prefetch_window::granted(std::size_t wanted, const demand& d) const noexcept {
    const std::size_t left = by_need_max > d.here ? by_need_max - d.here : 0;
    return std::max<std::size_t>(std::min(wanted, left), 1);
}

prefetch_window::finding prefetch_window::look(const demand& d, std::size_t room, steady::time_point now) noexcept {
    finding found;
    if (!is_by_need()) return found;
    const std::size_t wanted = d.waiting + d.leased;
    wanted_ = std::max(wanted_, wanted);
    if (const std::size_t size = granted(wanted, d); d.waiting > room && size > room && d.here < by_need_max) {
        size_ = size;
        found.anew = true;
    }
    const bool fast = settled_ >= std::max({settled_min, settled_each * wanted_, size_});
    if (!fast && now - begin_ < look_anew_every) return found;
    found.considered = true;
    const std::size_t size = granted(wanted_ + ahead(now), d);
    if (size / 2 >= size_ || (size_ / 2 >= size && now - begin_ >= shrink_after)) {
        size_ = size;
        found.anew = true;
    }
    begin_ = now;
    settled_ = 0;
    wanted_ = wanted;
    return found;
}

}  // namespace freshet
