// The reactor of the hot path: one epoll descriptor, nested in the shard's io_context as a single descriptor.
// A turn: ask epoll once, tell every ready endpoint, then flush all that have something to say, servers first,
// then dispose of the dead. What takes longer than its share of a turn goes on in the next. Own thread only.
#pragma once

#include <freshet/time.hpp>

#include "shard/shard.hpp"
#include "shard/turn_share.hpp"
#include "shard/turn_watch.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

namespace freshet {

class handler_room;

/// A socket on the hot path. Whoever derives owns the descriptor; the reactor owns the endpoint once it is disposed of.
class endpoint {
public:
    virtual ~endpoint() = default;
    /// The descriptor has something to read, or was closed by the other side.
    virtual void readable() = 0;
    /// The end of a turn, after dirty_server() or dirty_client(); also when a full socket can be written again.
    virtual void flush() = 0;
    /// The descriptor has failed or both directions were closed.
    virtual void dead() = 0;
    /// The other side has sent its last, and what it sent is not being read. Told until reactor::watch() says
    /// otherwise.
    virtual void sent_last() {}

private:
    friend class reactor;
    bool hears() const noexcept { return watched_ && !disposed_; }

    std::uint64_t told_in_{0};  ///< the round that told it as one that was passed over before
    bool watched_{false};       ///< it has a descriptor here; else it is told of nothing
    bool once_{false};          ///< what happens is told once, so that it cannot be passed over
    bool passed_over_{false};   ///< it stands in reactor::passed_over_
    bool dirty_{false};
    bool disposed_{false};
};

class reactor {
public:
    /// The rooms outlive the shard's io_context.
    reactor(shard& home, handler_room& of_wait, handler_room& of_flush);
    ~reactor();

    /// Watches the descriptor for reading, level-triggered.
    void add(endpoint& e, int descriptor);
    /// Watches an eventfd or a timerfd, which need not be read: each time that it rings is told once.
    void add_event(endpoint& e, int descriptor);
    /// What the descriptor is watched for from now on; `end`: whether the other side has sent its last, for who does
    /// not read.
    void watch(endpoint& e, int descriptor, bool readable, bool writable, bool end = false);
    /// To be called before the descriptor is closed: a child process that is just being started may hold it open.
    /// The endpoint hears of nothing from here on, not in this turn either.
    void remove(endpoint& e, int descriptor);
    /// From now on a turn lasts for stay_max and waits for sockets itself, before the rest of the io_context has its
    /// say: for shards that do nothing but serve clients, whose timers may be late by that. Before the shard is
    /// started.
    void stay();
    static constexpr milliseconds stay_max{5};
    /// To be flushed at the end of the turn; outside of one, as soon as the io_context is asked again.
    void dirty_server(endpoint& e) { add_dirty(e, dirty_servers_); }
    void dirty_client(endpoint& e) { add_dirty(e, dirty_clients_); }
    /// Deletes the endpoint at the end of the turn; outside of one, as soon as the io_context is asked again. Its
    /// descriptor is closed by its destructor.
    void dispose(endpoint* e);

private:
    friend class shard;
    struct parts;
    using endpoints = std::vector<endpoint*>;

    void add(endpoint& e, int descriptor, std::uint32_t what);
    void add_dirty(endpoint& e, endpoints& list) {
        if (e.dirty_) return;
        list.push_back(&e);
        e.dirty_ = true;
        if (!turning_ && !flush_posted_) post_flush();
    }
    bool has_dirty() const noexcept { return !dirty_servers_.empty() || !dirty_clients_.empty(); }
    bool flush(endpoints& list, turn_share* share) const;
    void flush();
    void post_flush();
    void tell_passed_over(turn_share& share);
    void tell_ready(int ready);
    static void tell(endpoint& e, std::uint32_t what);
    void delete_disposed();
    void arm();
    void turn();
    template <class Work>
    void in_turn(Work work);
    void go_round();
    template <class Work>
    void guarded(endpoint& e, Work work) const;

    shard& home_;
    handler_room& room_of_wait_;
    handler_room& room_of_flush_;
    std::unique_ptr<parts> parts_;
    endpoints dirty_servers_, dirty_clients_, disposals_;
    struct ready_endpoint {
        endpoint* who;
        std::uint32_t what;
    };
    std::uint64_t round_{0};
    std::deque<ready_endpoint> passed_over_;  ///< ready when the share of a turn was over: told first, in this order
    bool turning_{false};
    bool flush_posted_{false};
};

}  // namespace freshet
