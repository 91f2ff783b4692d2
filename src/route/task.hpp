// The memcached protocol as a door to queues: enqueue.cpp publishes, receive.cpp takes and settles.
#pragma once

#include <freshet/time.hpp>

#include "call/call.hpp"
#include "queue/operations.hpp"
#include "queue/queue.hpp"
#include "route/queue_source.hpp"
#include "route/task_key.hpp"
#include "shard/shard.hpp"
#include "store/store.hpp"

#include <memory>
#include <vector>

namespace freshet {

struct task_options {
    bool close_on_lost_noreply{
        true};  ///< a noreply publish that fails closes the connection; it is counted and logged in any case
};

/// set publishes, get receives: the memcached protocol as a door to queues. Own thread only.
std::unique_ptr<store> make_task_store(shard& home, std::size_t prefix_size, std::unique_ptr<queue_source> source,
                                       task_options options);

class task_store final : public store, public ticker {
public:
    task_store(shard& home, std::size_t prefix_size, std::unique_ptr<queue_source> source, task_options options);
    ~task_store() override;

    bool submit(call& c) override;
    void tick(steady::time_point now) override;

private:
    struct publishing;
    struct receiving;
    struct settling;

    bool dispatch(call& c);
    bool hold(call& c, bool settles);
    void resume_held();
    bool publish(call& c, queue& to, const task_key& key);
    void published(publishing& p);
    bool receive(call& c, queue& from, const task_key& key);
    bool begin_receiving(call& c, queue& from, const task_key& key);
    void received(receiving& r);
    bool close_oldest(call& c, queue& from, const task_key& key);
    bool settle(call& c, queue& in, std::uint64_t number, enum settlement::action action, const task_key& key);
    void settled(settling& s);
    void give_back(queue& to, std::uint64_t number);
    void lost(call& c);
    void wake();

    /// In the order in which they came. Queues have deadlines of their own, so any of them may be the next to be late.
    template <class Operation>
    struct line {
        Operation* first{nullptr};
        Operation* last{nullptr};
        void push(Operation& o) noexcept;
        void take(Operation& o) noexcept;
    };

    shard& home_;
    std::size_t prefix_size_;
    std::unique_ptr<queue_source> source_;
    task_options options_;
    line<publishing> publishing_;
    line<receiving> receiving_;
    std::vector<std::unique_ptr<publishing>> all_publishing_;
    std::vector<publishing*> free_publishing_;
    std::vector<call*> held_;  ///< until their clients have what they opened before
    call* resumed_{nullptr};   ///< of these, while it is submitted again
    bool ticking_{false};
};

/// The subject of a failure that no queue is behind.
inline constexpr std::string_view queue_subject = "the queue";

}  // namespace freshet
