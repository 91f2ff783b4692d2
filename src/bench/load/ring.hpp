// A queue in one piece of memory, which grows only when it is full.
#pragma once

#include <cstddef>
#include <vector>

namespace freshet::load {

template <class T>
class ring {
public:
    bool empty() const { return size_ == 0; }
    std::size_t size() const { return size_; }
    T& front() { return cells_[first_]; }
    T& operator[](std::size_t i) { return cells_[(first_ + i) & (cells_.size() - 1)]; }

    void push(const T& value) {
        if (size_ == cells_.size()) grow();
        ++size_;
        (*this)[size_ - 1] = value;
    }
    void pop() {
        first_ = (first_ + 1) & (cells_.size() - 1);
        --size_;
    }
    void clear() { first_ = size_ = 0; }

private:
    void grow() {
        std::vector<T> larger(cells_.empty() ? 16 : 2 * cells_.size());
        for (std::size_t i = 0; i < size_; ++i) larger[i] = (*this)[i];
        cells_.swap(larger);
        first_ = 0;
    }

    std::vector<T> cells_{};  ///< a power of two of them
    std::size_t first_{0}, size_{0};
};

}  // namespace freshet::load
