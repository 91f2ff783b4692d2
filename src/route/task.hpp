// The memcached protocol as a door to queues: enqueue.cpp publishes, receive.cpp takes and settles.
#pragma once

#include <freshet/time.hpp>

#include "call/call.hpp"
#include "queue/operations.hpp"
#include "queue/queue.hpp"
#include "route/queue_source.hpp"
#include "route/task_key.hpp"
#include "shard/deadlines.hpp"
#include "shard/free_list.hpp"
#include "shard/shard.hpp"
#include "store/store.hpp"

#include <boost/intrusive/list.hpp>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace freshet {

struct task_options {
    bool close_on_lost_noreply{
        true};  ///< a noreply publish that fails closes the connection; it is counted and logged in any case
};

/// set publishes, get receives: the memcached protocol as a door to queues. Own thread only.
std::unique_ptr<store> make_task_store(shard& home, std::size_t prefix_size, std::unique_ptr<queue_source> source,
                                       task_options options);

class task_store;

/// What a client has of queues, whichever route it takes to them.
struct client_deliveries final : client_slot {
    struct open_delivery {
        queue_ptr queue;
        std::uint64_t number;
        unsigned attempt;  ///< a later one is somebody else's
        task_store* by;
        bool number_told;  ///< so that any connection can settle it
    };
    struct held_call {
        task_store* by;
        call* which;
    };
    /// What nobody else can settle goes back.
    void client_left() override;

    std::vector<open_delivery> open;  ///< deliveries taken with /open, oldest first
    std::size_t opening{0};           ///< /open calls under way: what may settle theirs waits
    std::deque<held_call> held;       ///< what waits so, and what comes behind
};

class task_store final : public store, public ticker, private call_holder {
public:
    task_store(shard& home, std::size_t prefix_size, std::unique_ptr<queue_source> source, task_options options);
    ~task_store() override;

    bool submit(call& c) override;
    void tick(steady::time_point now) override;
    /// A delivery whose client has left, unless its lease ran out before. `counts`: the client was given it.
    void give_back(queue& to, std::uint64_t number, unsigned attempt, bool counts);

private:
    using hook = boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;
    template <class Operation>
    using list = boost::intrusive::list<Operation, boost::intrusive::constant_time_size<false>>;

    // What is lent to queues, one object for each call under way.
    struct publishing final : publication, waits_until, hook {
        explicit publishing(task_store& of) : owner(of) {}
        void finish() override { owner.published(*this); }

        std::size_t kept_bytes() const noexcept {
            return message.body.capacity() + message.id.capacity() + message.key.capacity();
        }
        void release_memory() noexcept {
            freshet::message fresh;
            std::swap(message, fresh);
        }

        task_store& owner;
        call* waiting{nullptr};  ///< null: it was told already that nothing is known
        queue_ptr to{};
        std::size_t counted_bytes{0};  ///< of what the shard holds for its clients
        bool noreply{false};
        bool put_back{false};  ///< it was handed out, to a client that had left
    };

    struct receiving final : reception, call_holder, hook {
        explicit receiving(task_store& of) : owner(of) {}
        void finish() override { owner.received(*this); }
        void abandon(call&) override { cancel(); }
        void client_sent_last(call&) override {
            if (wait.count() != 0) cancel();
        }
        /// What comes all the same goes back.
        void cancel() {
            if (!std::exchange(cancelled, true)) from->cancel(*this);
        }

        std::size_t kept_bytes() const noexcept { return deliveries.capacity() * sizeof(delivery); }
        void release_memory() noexcept { std::vector<delivery>().swap(deliveries); }

        task_store& owner;
        call* waiting{nullptr};
        queue_ptr from{};
        bool open{false};
        bool number_told{false};
        bool cancelled{false};
    };

    struct settling final : settlement, call_holder, hook {
        explicit settling(task_store& of) : owner(of) {}
        void finish() override { owner.settled(*this); }
        /// It is settled all the same; nothing more is taken.
        void abandon(call&) override { abandoned = true; }

        std::size_t kept_bytes() const noexcept { return reason.capacity(); }
        void release_memory() noexcept { std::string().swap(reason); }

        task_store& owner;
        call* waiting{nullptr};  ///< null: nobody asks how it went
        queue_ptr in{};
        task_key then{};                                           ///< /close/open: what comes behind
        std::optional<client_deliveries::open_delivery> was_open;  ///< of the client's open deliveries
        bool abandoned{false};
    };

    bool dispatch(call& c);
    static bool has_open(const call& c, const queue& in, std::uint64_t number);
    bool hold(call& c, bool settles);
    static void resume_held(client_slots* of);
    void abandon(call& c) override;
    bool publish(call& c, queue_ptr to, const task_key& key);
    void published(publishing& p);
    bool receive(call& c, queue& from, const task_key& key);
    bool begin_receiving(call& c, queue& from, const task_key& key);
    void received(receiving& r);
    bool close_oldest(call& c, queue& from, const task_key& key);
    bool settle(call& c, queue& in, std::uint64_t number, enum settlement::action action, const task_key& key);
    void settled(settling& s);
    void hand_out(receiving& r, client_deliveries* mine) noexcept;
    void take_back(receiving& r) noexcept;
    bool goes_on_receiving(call& c, queue& from, const task_key& key) noexcept;
    static void stays_open(client_slots& client, const client_deliveries::open_delivery& it) noexcept;
    publishing& begin_publishing(queue& to);
    settling& begin_settling(queue& in, std::uint64_t number, enum settlement::action action, std::string_view reason);
    void wake();
    void lost(call& c, bool noreply) noexcept;

    shard& home_;
    std::size_t prefix_size_;
    std::unique_ptr<queue_source> source_;
    task_options options_;
    deadlines<publishing> publishing_;  ///< whose clients wait
    list<publishing> lent_publications_;
    list<receiving> lent_receptions_;
    list<settling> lent_settlements_;
    free_list<publishing> free_publications_;
    free_list<receiving> free_receptions_;
    free_list<settling> free_settlements_;
    call* resumed_{nullptr};  ///< a held call, while it is submitted again
    bool ticking_{false};
};

/// The subject of a failure that no queue is behind.
inline constexpr std::string_view queue_subject = "the queue";

}  // namespace freshet
