// How operations cross threads: where a shard or the journal's writer finds what others have handed to it.
#pragma once

#include "shard/operation.hpp"

#include <atomic>

namespace freshet {

/// An intrusive lock-free stack that is taken whole. Any thread puts, one takes.
class mailbox {
public:
    /// Puts the chain first..last (linked by next, in the order in which they shall be taken). Any thread.
    /// True: it was empty, so the owner must be woken.
    bool put(operation& first, operation& last) noexcept;
    bool put(operation& one) noexcept { return put(one, one); }
    /// Everything that is there, linked by next, oldest chain first. The owner's thread.
    operation* take() noexcept;
    bool empty() const noexcept { return head_.load(std::memory_order_acquire) == nullptr; }

private:
    std::atomic<operation*> head_{nullptr};
};

}  // namespace freshet
