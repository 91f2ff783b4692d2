// Who is told when a key of a stripe gets a value. Everything here is called under the stripe's lock.
#pragma once

#include "store/store.hpp"

#include <boost/intrusive/set.hpp>

#include <cstdint>
#include <string_view>

namespace freshet {

/// A write costs the logarithm of how many watch, whatever they watch.
class watchers {
public:
    watchers() = default;
    watchers(const watchers&) = delete;
    watchers& operator=(const watchers&) = delete;
    ~watchers() { set_.clear(); }

    bool empty() const noexcept { return set_.empty(); }
    void add(watcher& w) { set_.insert(w); }
    /// False: it was told.
    bool remove(watcher& w) noexcept {
        if (!w.is_linked()) return false;
        set_.erase(set_.iterator_to(w));
        return true;
    }
    /// Tells those of this key, and forgets them.
    void tell(std::uint32_t hash, std::string_view key) noexcept {
        for (auto [at, end] = set_.equal_range(hash); at != end;) {
            watcher& w = *at;
            ++at;
            if (w.key != key) continue;
            set_.erase(set_.iterator_to(w));
            w.home->post(w);
        }
    }

private:
    /// Of the key: its hash, which is compared without going to where the key is.
    struct key_of {
        using type = std::uint32_t;
        type operator()(const watcher& w) const noexcept { return w.hash; }
    };
    boost::intrusive::multiset<watcher, boost::intrusive::key_of_value<key_of>,
                               boost::intrusive::constant_time_size<false>>
        set_;
};

}  // namespace freshet
