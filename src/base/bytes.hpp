// A growing buffer of bytes that is cleared without giving its memory back: what is read, rendered and sent lies in
// these.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace freshet {

/// A growing byte buffer that never fills what it grows by: std::string without the zeroes.
class bytes {
public:
    bytes() = default;
    bytes(bytes&& other) noexcept { swap(other); }
    bytes& operator=(bytes&& other) noexcept {
        swap(other);
        return *this;
    }

    char* data() noexcept { return data_.get(); }
    const char* data() const noexcept { return data_.get(); }
    std::size_t size() const noexcept { return size_; }
    std::size_t capacity() const noexcept { return capacity_; }
    bool empty() const noexcept { return size_ == 0; }
    std::string_view view() const noexcept { return {data_.get(), size_}; }
    std::string_view view(std::size_t from) const noexcept { return {data_.get() + from, size_ - from}; }

    void clear() noexcept { size_ = 0; }
    void truncate(std::size_t n) noexcept { size_ = n; }
    /// Room for n more bytes behind the end; they count only once commit() says so.
    char* prepare(std::size_t n) {
        if (capacity_ - size_ < n) grow(n);
        return data_.get() + size_;
    }
    void commit(std::size_t n) noexcept { size_ += n; }
    void append(std::string_view text) {
        if (text.empty()) return;
        std::memcpy(prepare(text.size()), text.data(), text.size());
        size_ += text.size();
    }
    void push(char c) {
        *prepare(1) = c;
        ++size_;
    }
    void append_number(std::uint64_t n);
    void append_signed(std::int64_t n);
    /// Drops the first n bytes.
    void consume(std::size_t n) noexcept {
        size_ -= n;
        if (size_ != 0) std::memmove(data_.get(), data_.get() + n, size_);
    }
    /// Gives the memory back where it has grown past `keep` bytes.
    void release(std::size_t keep = 0) noexcept {
        size_ = 0;
        if (capacity_ > keep) {
            data_.reset();
            capacity_ = 0;
        }
    }
    void swap(bytes& other) noexcept {
        data_.swap(other.data_);
        std::swap(size_, other.size_);
        std::swap(capacity_, other.capacity_);
    }

private:
    void grow(std::size_t n);

    std::unique_ptr<char[]> data_;
    std::size_t size_{0};
    std::size_t capacity_{0};
};

}  // namespace freshet
