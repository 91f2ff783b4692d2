// What crosses threads: the base of everything that is asked of a queue. Lent until it comes home, linked into chains
// without the heap.
#pragma once

#include <cstdint>

namespace freshet {

class shard;

/// Something lent to another thread. The borrower gives it back with shard::post(); then home calls finish(), once.
/// The owner keeps it alive, and does not touch what it lent, until finish().
struct operation {
    operation* next{nullptr};
    shard* home{nullptr};
    std::uintptr_t tag{0};  ///< the borrower's own, while it is lent

    virtual void finish() = 0;

protected:
    ~operation() = default;
};

}  // namespace freshet
