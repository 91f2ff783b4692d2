// Where the contract's queues come from: one house for each kind of queue. A new kind is a class and a line in
// queue_kinds().
#pragma once

#include <freshet/config.hpp>
#include <freshet/time.hpp>

#include "queue/journal/dead_request.hpp"
#include "queue/operations.hpp"
#include "queue/queue.hpp"

#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace freshet::test {

/// What a journal can and a broker cannot, or cannot yet.
enum class ability {
    unique_ids,      ///< `unique`
    exact_limits,    ///< length_max and bytes_max to the message
    lasting_leases,  ///< deliveries outlive a restart
    old_places,      ///< what waited before a retry is ahead again of what came behind it
    lasting_pauses,  ///< so do pauses before a retry, with the attempts used up
    letters,         ///< dead_letters()
    results,         ///< keeps results
};

class queue_house {
public:
    virtual ~queue_house() = default;
    virtual bool can(ability what) const = 0;
    virtual queue& open(std::string_view name, const queue_options& options) = 0;
    virtual queue* find(std::string_view name) = 0;
    /// Time goes on, and the queues have seen it when this returns.
    virtual void pass(milliseconds time) = 0;
    /// Somebody sets the clock, by so much.
    virtual void step(milliseconds by) = 0;
    virtual wall::time_point date() const = 0;
    virtual void dead_letters(dead_request& r) = 0;
    virtual std::vector<kept_result> results() = 0;
    virtual void stop() = 0;
    /// A clean stop and a new start. Its queues are to be opened again.
    virtual void restart() = 0;
};

struct queue_kind {
    const char* name;
    std::unique_ptr<queue_house> (*make)();
};
/// The brokers' too, where the environment says that there are some: FRESHET_TEST_RABBITMQ=amqp://...,
/// FRESHET_TEST_KAFKA=HOST:PORT
std::vector<queue_kind> queue_kinds();
inline void PrintTo(const queue_kind& k, std::ostream* to) { *to << k.name; }

}  // namespace freshet::test
