// Finds items by hash: open addressing with linear probing, eight bytes a slot, no tombstones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace freshet {

class item_index {
public:
    /// Where an item lies: a unit of its stripe's memory, plus one. 0: an empty slot.
    using reference = std::uint32_t;

    item_index();

    /// Calls `same(reference)` for each candidate until it says true; that one's slot, or null.
    template <class Same>
    reference* find(std::uint32_t hash, Same same) noexcept {
        for (std::size_t at = hash & mask_;; at = (at + 1) & mask_) {
            slot& s = slots_[at];
            if (s.where == 0) return nullptr;
            if (s.hash == hash && same(s.where)) return &s.where;
        }
    }
    /// The slot that holds `where`, which is there.
    reference* find(std::uint32_t hash, reference where) noexcept {
        return find(hash, [where](reference r) { return r == where; });
    }
    void insert(std::uint32_t hash, reference where);
    /// Takes out what find() gave.
    void erase(reference* found) noexcept;
    void clear();

    std::size_t size() const noexcept { return size_; }
    std::size_t capacity() const noexcept { return mask_ + 1; }
    std::size_t bytes() const noexcept { return capacity() * sizeof(slot); }
    /// What the next insert() adds to bytes().
    std::size_t growth() const noexcept { return size_ + 1 > capacity() - capacity() / 4 ? bytes() : 0; }

private:
    struct slot {
        std::uint32_t hash;
        reference where;
    };
    void put(std::uint32_t hash, reference where) noexcept;
    void resize(std::size_t capacity);

    std::unique_ptr<slot[]> slots_;
    std::size_t mask_{0};
    std::size_t size_{0};
};

}  // namespace freshet
