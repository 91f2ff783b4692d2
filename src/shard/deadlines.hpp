// Things that wait, the next to be late in front. Own thread only.
#pragma once

#include <freshet/time.hpp>

#include <boost/intrusive/set.hpp>

namespace freshet {

/// Base of what waits; it stands in one set at a time.
struct waits_until : boost::intrusive::set_base_hook<> {
    steady::time_point until{};

    bool operator<(const waits_until& other) const noexcept { return until < other.until; }
};

/// Adding the one that waits longest, as most do, costs the same however many there are; any other, and removing, their
/// logarithm. T derives from waits_until.
template <class T>
class deadlines {
public:
    deadlines() = default;
    deadlines(const deadlines&) = delete;
    deadlines& operator=(const deadlines&) = delete;
    ~deadlines() { set_.clear(); }

    bool empty() const noexcept { return set_.empty(); }
    /// The first of them; there is one.
    T& first() noexcept { return *set_.begin(); }
    /// The first of them, if it is late; or null.
    T* late(steady::time_point now) noexcept {
        return !set_.empty() && set_.begin()->until <= now ? &*set_.begin() : nullptr;
    }
    void add(T& one) { set_.insert(set_.end(), one); }
    void remove(T& one) noexcept { set_.erase(set_.iterator_to(one)); }
    static bool holds(const T& one) noexcept { return one.is_linked(); }

private:
    boost::intrusive::multiset<T, boost::intrusive::constant_time_size<false>> set_;
};

}  // namespace freshet
