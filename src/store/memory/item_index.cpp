#include "store/memory/item_index.hpp"

#include <utility>

namespace freshet {

namespace {
constexpr std::size_t capacity_min = 256;
}

item_index::item_index() { resize(capacity_min); }

void item_index::resize(std::size_t capacity) {
    const auto old = std::exchange(slots_, std::make_unique<slot[]>(capacity));
    const std::size_t old_capacity = old ? mask_ + 1 : 0;
    mask_ = capacity - 1;
    for (std::size_t i = 0; i < old_capacity; ++i) {
        if (old[i].where != 0) put(old[i].hash, old[i].where);
    }
}

void item_index::put(std::uint32_t hash, reference where) noexcept {
    std::size_t at = hash & mask_;
    while (slots_[at].where != 0) at = (at + 1) & mask_;
    slots_[at] = {hash, where};
}

void item_index::insert(std::uint32_t hash, reference where) {
    if (growth() != 0) resize(capacity() * 2);
    put(hash, where);
    ++size_;
}

void item_index::erase(reference* found) noexcept {
    auto* const s = reinterpret_cast<slot*>(reinterpret_cast<char*>(found) - offsetof(slot, where));
    auto hole = static_cast<std::size_t>(s - slots_.get());
    // Whoever was displaced over the hole moves back into it, so that every probe still ends at an empty slot.
    for (std::size_t at = (hole + 1) & mask_; slots_[at].where != 0; at = (at + 1) & mask_) {
        const std::size_t home = slots_[at].hash & mask_;
        if (((at - home) & mask_) < ((at - hole) & mask_)) continue;
        slots_[hole] = slots_[at];
        hole = at;
    }
    slots_[hole] = {0, 0};
    --size_;
}

void item_index::clear() {
    slots_.reset();
    mask_ = 0;
    size_ = 0;
    resize(capacity_min);
}

}  // namespace freshet
