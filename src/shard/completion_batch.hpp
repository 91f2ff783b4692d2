// Operations on their way home, gathered as one chain per shard, so that a turn of the journal's or a broker's thread
// wakes each shard once.
#pragma once

#include "shard/operation.hpp"
#include "shard/shard.hpp"

#include <vector>

namespace freshet {

class completion_batch {
public:
    /// Behind the others of its home.
    void add(operation& o) {
        o.next = nullptr;
        for (chain& c : chains_) {
            if (c.home != o.home) continue;
            if (c.first == nullptr) c.first = &o;
            else c.last->next = &o;
            c.last = &o;
            return;
        }
        chains_.push_back({o.home, &o, &o});
    }
    /// Sends them, and is empty then.
    void post() noexcept {
        for (chain& c : chains_) {
            if (c.first == nullptr) continue;
            operation* const first = c.first;
            c.first = nullptr;
            c.home->post(*first, *c.last);
        }
    }

private:
    struct chain {
        shard* home;
        operation* first;
        operation* last;
    };
    std::vector<chain> chains_;
};

}  // namespace freshet
