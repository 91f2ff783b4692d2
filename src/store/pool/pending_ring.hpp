// The calls on one connection that wait for their answers, in the order in which they were asked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace freshet {

struct call;

class pending_ring {
public:
    struct entry {
        call* who;
        std::uint64_t end : 62;  ///< of its command in all that the connection has said: what is sent decides what
                                 ///< happened
        std::uint64_t fenced : 1, base64 : 1;  ///< as asked_as says
    };

    bool empty() const noexcept { return size_ == 0; }
    std::size_t size() const noexcept { return size_; }
    const entry& front() const noexcept { return entries_[first_]; }
    /// The one so many behind the front; null: there are not so many.
    const call* ahead(std::size_t n) const noexcept {
        return n < size_ ? entries_[(first_ + n) & (capacity_ - 1)].who : nullptr;
    }
    void push(entry e) {
        if (size_ == capacity_) grow();
        entries_[(first_ + size_) & (capacity_ - 1)] = e;
        ++size_;
    }
    void pop() noexcept {
        first_ = (first_ + 1) & (capacity_ - 1);
        --size_;
    }

private:
    void grow() {
        const std::size_t larger = capacity_ == 0 ? 64 : capacity_ * 2;
        auto moved = std::make_unique<entry[]>(larger);
        for (std::size_t i = 0; i < size_; ++i) moved[i] = entries_[(first_ + i) & (capacity_ - 1)];
        entries_ = std::move(moved);
        capacity_ = larger;
        first_ = 0;
    }

    std::unique_ptr<entry[]> entries_;
    std::size_t capacity_{0};  ///< a power of two
    std::size_t first_{0};
    std::size_t size_{0};
};

}  // namespace freshet
