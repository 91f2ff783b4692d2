// What a socket has sent and nobody has understood yet. It is received into memory that the shard's sockets share;
// between turns a connection keeps only the rest of it, and a large value has a chunk of its own. Own thread only.
#pragma once

#include "shard/pool.hpp"
#include "shard/slice.hpp"

#include <sys/types.h>

#include <string_view>

namespace freshet {

class intake {
public:
    explicit intake(pool& from) noexcept : pool_(from) {}
    ~intake() { clear(); }
    intake(const intake&) = delete;
    intake& operator=(const intake&) = delete;

    /// recv(): receives behind what is unread. `wanted`: how long that must become at least, 0: unknown.
    ssize_t receive(int descriptor, std::size_t wanted);
    /// What is to be read; the reader takes from its front. Its bytes lie in source() and may be lent until settle().
    std::string_view unread{};
    chunk* source() noexcept { return in_common_ ? common_ : kept_; }
    /// Behind the reader, before any other connection receives: keeps what is still unread.
    void settle(std::size_t wanted);
    void clear() noexcept;
    /// Between turns: memory that nobody else has a use for.
    std::size_t kept_bytes() const noexcept { return kept_ != nullptr ? kept_->capacity() : 0; }

private:
    ssize_t receive_kept(int descriptor, std::size_t wanted);

    pool& pool_;
    chunk* kept_{nullptr};  ///< what is unread between turns
    chunk* common_{nullptr};
    std::size_t filled_{0};  ///< of the common room
    bool in_common_{false};
};

}  // namespace freshet
