// One part of the memory store with a lock of its own: index, items, ghosts, and S3-FIFO over them.
// Everything here is called under the lock.
#pragma once

#include "store/memory/ghosts.hpp"
#include "store/memory/item_index.hpp"
#include "store/memory/item_log.hpp"
#include "store/memory/watchers.hpp"

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace freshet {

struct stripe_figures {
    std::uint64_t get_hits{0}, get_misses{0}, get_expired{0}, get_flushed{0};
    std::uint64_t sets{0}, total_items{0}, touch_hits{0}, touch_misses{0};
    std::uint64_t delete_hits{0}, delete_misses{0};
    std::uint64_t incr_hits{0}, incr_misses{0}, decr_hits{0}, decr_misses{0};
    std::uint64_t cas_hits{0}, cas_misses{0}, cas_badval{0};
    std::uint64_t evictions{0}, evicted_unfetched{0}, reclaimed{0}, too_large{0};
};

class stripe {
public:
    explicit stripe(std::size_t size_bytes);

    /// The item if it is there and has not expired at `now` (seconds on the store's clock).
    stored_item* find(std::uint32_t hash, std::string_view key, std::uint32_t now) noexcept;
    /// An item with this key and room for the value, in place of `old` (of the same key) if given. Header but cas,
    /// flags, expires, accessed and the marks is filled; the value is not. Others are thrown out as needed. Null:
    /// larger than the stripe.
    stored_item* place(std::uint32_t hash, std::string_view key, std::size_t value_size, stored_item* old,
                       std::uint32_t now);
    void erase(stored_item& item) noexcept;
    void clear();

    std::size_t bytes_used() const noexcept {
        return log_.bytes() + index_.bytes() + ghosts_.bytes() + log_.overhead_bytes();
    }
    std::size_t items() const noexcept { return index_.size(); }
    /// What memcached would say that the items take, however much it is here.
    std::size_t items_bytes() const noexcept { return items_bytes_; }

    // What a journal keeps, too.
    void keep(stored_item& item);
    /// Its expiry was set.
    void touched(stored_item& item) noexcept {
        if (item.kept != 0) note(item, item.expires);
    }
    /// It is not any more what the journal has.
    void changed(stored_item& item) noexcept;
    /// By key: when it expires now, in seconds on the store's clock (0: never), or nothing, it is gone.
    using kept_changes = std::unordered_map<std::string, std::optional<std::uint32_t>>;
    kept_changes take_kept_changes() noexcept {
        keeps_.store(kept_ != 0, std::memory_order_relaxed);
        return std::exchange(kept_changes_, {});
    }
    /// There may be changes, now or later. Without the lock.
    bool keeps_any() const noexcept { return keeps_.load(std::memory_order_relaxed); }

    std::mutex mutex;
    stripe_figures figures{};
    freshet::watchers watchers;  ///< of keys in this stripe
    std::int64_t flush_due{0};   ///< on the store's clock; 0: none

private:
    stored_item* room(item_log::list l, std::size_t units, std::uint32_t now);
    bool make_room(std::size_t growth, std::uint32_t now);
    bool evict(std::uint32_t now);
    bool stays(stored_item& item, bool from_main, std::uint32_t now) noexcept;
    bool move_to_main(stored_item& item) noexcept;
    void forget(stored_item& item) noexcept;
    void note(stored_item& item, std::optional<std::uint32_t> expires) noexcept;

    std::size_t size_bytes_;
    std::size_t items_bytes_{0};
    std::size_t kept_{0};  ///< items
    kept_changes kept_changes_;
    std::atomic<bool> keeps_{false};
    item_index index_;
    item_log log_;
    ghosts ghosts_;
    unsigned fruitless_{0};  ///< evictions in a row that freed nothing
};

}  // namespace freshet
