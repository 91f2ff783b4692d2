// The memory of a stripe's items: segments that are filled from front to back and emptied whole, so that nothing
// fragments. Two first-in-first-out lists of segments, S3-FIFO's small and main. A large item has a segment of its own.
#pragma once

#include "store/memory/stored_item.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace freshet {

class item_log {
public:
    enum list : std::uint8_t { small, main, lists };
    using segment_id = std::uint32_t;
    static constexpr segment_id none = ~segment_id{0};

    /// Address space for `size_bytes` of items; memory is taken as it is filled.
    explicit item_log(std::size_t size_bytes);
    ~item_log();
    item_log(const item_log&) = delete;
    item_log& operator=(const item_log&) = delete;

    /// Room for so many units at the front of the list, or null where the list needs another segment: see grow().
    stored_item* append(list l, std::size_t units) noexcept;
    /// The same on a new front for the list. Null: no address space in one piece.
    stored_item* grow(list l, std::size_t units) noexcept;
    /// What grow() would add to bytes().
    std::size_t growth(std::size_t units) const noexcept;

    segment_id oldest(list l) const noexcept { return tails_[l]; }
    /// True: the segment holds one large item.
    bool single(segment_id s) const noexcept { return segments_[s].single; }
    /// Takes the segment out of its list; its items stay readable until release().
    void unlink(segment_id s) noexcept;
    /// Puts an unlinked segment of one large item at the front of the list.
    void relink(segment_id s, list l) noexcept;
    void release(segment_id s) noexcept;
    template <class Visit>
    void each(segment_id s, Visit visit) {
        char* at = base_ + std::size_t{s} * segment_bytes_;
        for (char* const end = at + segments_[s].used; at != end;) {
            auto* const item = reinterpret_cast<stored_item*>(at);
            at += item->units() * stored_item::unit;
            visit(*item);
        }
    }
    template <class Visit>
    void each(Visit visit) {
        for (const segment_id oldest : tails_) {
            for (segment_id s = oldest; s != none; s = segments_[s].newer) each(s, visit);
        }
    }
    /// An item of the segment has become useless. True: all have; the segment can be unlinked and released.
    bool forget(const stored_item& item) noexcept;
    segment_id segment_of(const stored_item& item) const noexcept {
        return static_cast<segment_id>((reinterpret_cast<const char*>(&item) - base_) / segment_bytes_);
    }

    std::uint32_t reference(const stored_item& item) const noexcept {
        return static_cast<std::uint32_t>((reinterpret_cast<const char*>(&item) - base_) / stored_item::unit) + 1;
    }
    stored_item& at(std::uint32_t reference) const noexcept {
        return *reinterpret_cast<stored_item*>(base_ + std::size_t{reference - 1} * stored_item::unit);
    }

    std::size_t bytes() const noexcept { return bytes_[small] + bytes_[main]; }
    std::size_t bytes(list l) const noexcept { return bytes_[l]; }
    std::size_t segment_bytes() const noexcept { return segment_bytes_; }
    /// What the book-keeping takes beside bytes().
    std::size_t overhead_bytes() const noexcept { return segments_.size() * (sizeof(segment) + sizeof(segment_id)); }
    /// All of it at once.
    void clear() noexcept;

private:
    struct segment {
        segment_id older, newer;
        std::uint32_t live;   ///< items that are not forgotten
        std::uint32_t slots;  ///< segments of address space it spans; 0: free, or behind the first
        std::size_t used;     ///< bytes
        list in;
        bool single;
    };
    std::size_t charge(const segment& s) const noexcept;
    segment_id take(std::size_t slots) noexcept;
    void link(segment_id s, list l) noexcept;

    std::size_t segment_bytes_;
    char* base_{nullptr};
    std::vector<segment> segments_;
    std::vector<segment_id> free_;  ///< single slots, used again before fresh ones
    segment_id fresh_{0};           ///< first slot never used
    std::array<segment_id, lists> heads_{none, none}, tails_{none, none};
    std::array<std::size_t, lists> bytes_{};
};

}  // namespace freshet
