#include "store/memory/ghosts.hpp"

#include <algorithm>
#include <bit>

namespace freshet {

void ghosts::fit(std::size_t count) {
    count = std::max<std::size_t>(count, 64);
    if (slots_ && count <= count_ + count_ / 2 && count >= count_ / 2) return;
    const std::size_t capacity = std::bit_ceil(count);
    slots_ = std::make_unique<slot[]>(capacity);
    mask_ = capacity - 1;
    count_ = count;
    step_ = std::max<std::uint64_t>(1, count / ages);
}

void ghosts::add(std::uint32_t hash) noexcept {
    if (!slots_) return;
    ++added_;
    slot* const set = &slots_[base(hash)];
    const std::uint16_t t = now();
    // Over an empty one or the oldest.
    slot* victim = set;
    for (std::size_t i = 0; i < ways; ++i) {
        if (set[i].print == 0) {
            victim = &set[i];
            break;
        }
        if (static_cast<std::uint16_t>(t - set[i].age) > static_cast<std::uint16_t>(t - victim->age)) victim = &set[i];
    }
    *victim = {print(hash), t};
}

bool ghosts::take(std::uint32_t hash) noexcept {
    if (!slots_) return false;
    slot* const set = &slots_[base(hash)];
    for (std::size_t i = 0; i < ways; ++i) {
        if (set[i].print != print(hash)) continue;
        const bool young = static_cast<std::uint16_t>(now() - set[i].age) <= ages;
        set[i] = {0, 0};
        return young;
    }
    return false;
}

void ghosts::clear() noexcept {
    slots_.reset();
    mask_ = 0;
    count_ = 0;
}

}  // namespace freshet
