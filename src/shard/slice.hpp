// Memory that sockets are read into, and the values that are lent from it instead of being copied.
// Counted without atomics: everything here belongs to one shard's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace freshet {

class pool;

/// A piece of a shard's pool. It goes back when nobody uses it any more.
class chunk {
public:
    char* data() noexcept { return reinterpret_cast<char*>(this + 1); }
    std::size_t capacity() const noexcept { return capacity_; }
    void use() noexcept { ++users_; }
    void leave() noexcept {
        if (--users_ == 0) give_back();
    }
    /// Somebody beside the caller uses it.
    bool is_shared() const noexcept { return users_ > 1; }

private:
    friend class pool;
    chunk(pool& home, std::size_t capacity) noexcept : home_(&home), capacity_(capacity) {}
    void give_back() noexcept;

    pool* home_;
    std::size_t capacity_;
    std::size_t users_{1};
};

/// Bytes in a chunk, which stays as long as a slice of it does.
class slice {
public:
    slice() = default;
    slice(chunk& of, std::string_view bytes) noexcept : of_(&of), bytes_(bytes) { of.use(); }
    slice(const slice& other) noexcept : of_(other.of_), bytes_(other.bytes_) {
        if (of_ != nullptr) of_->use();
    }
    slice(slice&& other) noexcept : of_(std::exchange(other.of_, nullptr)), bytes_(std::exchange(other.bytes_, {})) {}
    slice& operator=(slice other) noexcept {
        std::swap(of_, other.of_);
        std::swap(bytes_, other.bytes_);
        return *this;
    }
    ~slice() { reset(); }

    explicit operator bool() const noexcept { return of_ != nullptr; }
    std::string_view view() const noexcept { return bytes_; }
    std::size_t size() const noexcept { return bytes_.size(); }
    /// Of the chunk: what the slice keeps from going back.
    std::size_t pinned_bytes() const noexcept { return of_ != nullptr ? of_->capacity() : 0; }
    void consume(std::size_t n) noexcept { bytes_.remove_prefix(n); }
    void reset() noexcept {
        if (of_ == nullptr) return;
        std::exchange(of_, nullptr)->leave();
        bytes_ = {};
    }

private:
    chunk* of_{nullptr};
    std::string_view bytes_{};
};

}  // namespace freshet
