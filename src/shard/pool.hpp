// A shard's chunks: taken and given back without asking the heap, once it has warmed up. Own thread only.
#pragma once

#include "shard/slice.hpp"

#include <array>
#include <cstddef>
#include <vector>

namespace freshet {

class pool {
public:
    static constexpr std::size_t common_bytes = std::size_t{256} << 10;   ///< of the chunk that all sockets share
    static constexpr std::size_t free_max_bytes = std::size_t{16} << 20;  ///< kept for the next; more goes to the heap

    pool() = default;
    ~pool();
    pool(const pool&) = delete;
    pool& operator=(const pool&) = delete;

    /// Room for at least so many bytes; the caller is its user.
    chunk* take(std::size_t capacity);
    /// In chunks that somebody uses.
    std::size_t used_bytes() const noexcept { return used_bytes_; }

    /// What is received next goes here: room for at least `least` bytes, until common_done().
    struct room {
        chunk* in;
        char* begin;
        std::size_t size;
    };
    room common(std::size_t least);
    /// So many bytes of the room were filled. They stay as they are if somebody has lent of them.
    void common_done(std::size_t filled) noexcept;

private:
    friend class chunk;
    static constexpr unsigned smallest_bits = 10, largest_bits = 20;  ///< powers of two that are kept for the next

    void give_back(chunk* c) noexcept;

    std::array<std::vector<chunk*>, largest_bits - smallest_bits + 1> free_;
    std::size_t free_bytes_{0};
    std::size_t used_bytes_{0};
    chunk* common_{nullptr};
    std::size_t common_at_{0};
};

}  // namespace freshet
