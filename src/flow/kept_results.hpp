// Results that a journal keeps for a memory store: what is deleted, replaced, touched, evicted or flushed there is told
// to the journal, so that it does not come back with the next start. Back shard only, but for stop().
#pragma once

#include <freshet/time.hpp>

#include "queue/journal/journal.hpp"
#include "queue/journal/result_changes.hpp"
#include "shard/shard.hpp"
#include "store/memory/memory_store.hpp"

#include <memory>
#include <string>
#include <vector>

namespace freshet {

class kept_results final : private ticker {
public:
    /// All outlive this.
    kept_results(shard& back, std::vector<journal*> journals);
    ~kept_results();
    kept_results(const kept_results&) = delete;
    kept_results& operator=(const kept_results&) = delete;

    /// Before start().
    void add(std::string name, memory_store& store);
    void start();
    /// The last changes are lent to the journals when this returns. Not from the back shard.
    void stop();

private:
    struct telling;
    struct watched {
        std::string name;
        memory_store* store;
    };

    void tick(steady::time_point now) override;
    void tell_changes();
    void lend(std::unique_ptr<telling> one);
    void again(std::unique_ptr<telling> one);

    shard& back_;
    std::vector<journal*> journals_;
    std::vector<watched> stores_;
    std::vector<std::unique_ptr<telling>> waiting_;  ///< for a journal that had no room
    steady::time_point try_again_{};
    bool ticking_{false};
};

}  // namespace freshet
