#include "shard/pool.hpp"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <new>

namespace freshet {

namespace {
constexpr std::size_t alignment = 64;  ///< of what is lent: neighbours share no cache line
}

void chunk::give_back() noexcept { home_->give_back(this); }

pool::~pool() {
    if (common_ != nullptr) common_->leave();
    for (auto& all : free_) {
        for (chunk* const c : all) ::operator delete(c);
    }
}

chunk* pool::take(std::size_t capacity) {
    const auto bits = std::max<unsigned>(static_cast<unsigned>(std::bit_width(std::max<std::size_t>(capacity, 1) - 1)),
                                         smallest_bits);
    const bool kept = bits <= largest_bits;
    if (kept) {
        capacity = std::size_t{1} << bits;
        auto& same = free_[bits - smallest_bits];
        if (!same.empty()) {
            chunk* const c = same.back();
            same.pop_back();
            free_bytes_ -= capacity;
            used_bytes_ += capacity;
            c->users_ = 1;
            return c;
        }
        same.reserve(same.capacity() + 1);  // giving back never fails
    }
    chunk* const c = new (::operator new(sizeof(chunk) + capacity)) chunk(*this, capacity);
    used_bytes_ += capacity;
    return c;
}

void pool::give_back(chunk* c) noexcept {
    const std::size_t capacity = c->capacity();
    used_bytes_ -= capacity;
    const auto bits = static_cast<unsigned>(std::bit_width(capacity - 1));
    const bool fits = capacity <= (std::size_t{1} << largest_bits) && free_bytes_ + capacity <= free_max_bytes;
    if (!fits || free_[bits - smallest_bits].size() == free_[bits - smallest_bits].capacity()) {
        ::operator delete(c);
        return;
    }
    free_[bits - smallest_bits].push_back(c);
    free_bytes_ += capacity;
}

pool::room pool::common(std::size_t least) {
    if (common_ == nullptr || common_->capacity() - common_at_ < least) {
        if (common_ != nullptr) common_->leave();
        common_ = take(std::max(least, common_bytes));
        common_at_ = 0;
    }
    return {common_, common_->data() + common_at_, common_->capacity() - common_at_};
}

void pool::common_done(std::size_t filled) noexcept {
    if (!common_->is_shared()) common_at_ = 0;
    else common_at_ = std::min(common_->capacity(), (common_at_ + filled + alignment - 1) & ~(alignment - 1));
}

}  // namespace freshet
