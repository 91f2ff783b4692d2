// Asking a store, or one server of a pool, to empty itself: once, and what came of it. Own thread of a shard.
#pragma once

#include "call/call.hpp"
#include "call/step.hpp"
#include "protocol/reply.hpp"
#include "shard/shard.hpp"
#include "store/store.hpp"

#include <functional>
#include <string>

namespace freshet {

class flush final : private step {
public:
    /// `server`: its name; empty: all of the store. `answered` may be called within ask(), and may ask again later: not
    /// within the call.
    flush(shard& home, store& what, std::string server, std::function<void(bool emptied)> answered);
    flush(const flush&) = delete;
    flush& operator=(const flush&) = delete;

    void ask();
    bool is_asking() const noexcept { return asking_; }
    /// What the last answer was.
    const reply& said() const noexcept { return asked_.reply; }

private:
    bool on_reply(call& c) override;

    shard& home_;
    store& what_;
    const std::string server_;
    const std::function<void(bool emptied)> answered_;
    call asked_;
    bool asking_{false};
};

}  // namespace freshet
