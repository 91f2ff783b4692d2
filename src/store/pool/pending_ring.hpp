// The calls on one connection that wait for their answers, in the order in which they were asked.
#pragma once

#include "store/pool/meta_codec.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace freshet {

struct call;

class pending_ring {
public:
    struct entry {
        call* who;          ///< null: it was answered at its time, and its answer is still to come
        std::uint64_t end;  ///< of its command in all that the connection has said: what is sent decides what happened
        asked_as how;
    };

    bool empty() const noexcept { return size_ == 0; }
    std::size_t size() const noexcept { return size_; }
    const entry& front() const noexcept { return at(0); }
    /// The one so many behind the front; there are as many.
    const entry& at(std::size_t n) const noexcept { return entries_[(first_ + n) & (capacity_ - 1)]; }
    /// The call so many behind the front; null: there are not so many, or it is answered.
    const call* ahead(std::size_t n) const noexcept { return n < size_ ? at(n).who : nullptr; }
    /// The call so many behind the front, which is none of the ring's any more; its answer stays expected.
    call* give_up(std::size_t n) noexcept {
        return std::exchange(entries_[(first_ + n) & (capacity_ - 1)].who, nullptr);
    }
    void push(entry e) {
        if (size_ == capacity_) grow();
        entries_[(first_ + size_) & (capacity_ - 1)] = e;
        ++size_;
    }
    void pop() noexcept {
        ++first_;
        --size_;
    }
    /// How many have been popped: the place of the front among all that were ever pushed.
    std::uint64_t popped() const noexcept { return first_; }

private:
    void grow() {
        const std::size_t larger = capacity_ == 0 ? 64 : capacity_ * 2;
        auto moved = std::make_unique<entry[]>(larger);
        for (std::size_t i = 0; i < size_; ++i) moved[(first_ + i) & (larger - 1)] = at(i);
        entries_ = std::move(moved);
        capacity_ = larger;
    }

    std::unique_ptr<entry[]> entries_;
    std::size_t capacity_{0};  ///< a power of two
    std::uint64_t first_{0};
    std::size_t size_{0};
};

}  // namespace freshet
