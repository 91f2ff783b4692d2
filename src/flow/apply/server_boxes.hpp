// Changes that a server could not take: they wait in a journal, in one box for each server, so that the keys of the
// others go on whatever waits. In the order of its keys; tried again for ever. Back shard only.
#pragma once

#include <freshet/config.hpp>
#include <freshet/time.hpp>

#include "queue/operations.hpp"
#include "queue/outbox/forwarder.hpp"
#include "queue/queue.hpp"
#include "shard/free_list.hpp"
#include "shard/shard.hpp"
#include "store/applying.hpp"
#include "store/pool/placement/placement.hpp"
#include "store/store.hpp"
#include "version/kept_clock.hpp"

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace freshet {

/// Where a pool's changes wait.
struct box_places {
    struct place {
        std::string server;  ///< "server 10.0.0.1:11211"
        queue* box;          ///< with box_options()
    };
    std::unique_ptr<placement> where;  ///< which server a key belongs to
    std::vector<place> servers;
};
/// Of such a queue.
queue_options box_options();
/// What a box is called: NAME/waits-for/SERVER.
std::string box_name(std::string_view queue, const server_address& server);

class server_boxes {
public:
    server_boxes(shard& back, store& to, box_places places, const kept_clock& clock, const flow_config& config,
                 seconds tombstone);
    ~server_boxes();
    server_boxes(const server_boxes&) = delete;
    server_boxes& operator=(const server_boxes&) = delete;

    void start();
    /// Begins nothing more; what was not applied stays in its box.
    void stop();
    /// After stop(): nothing has to come home any more.
    bool is_idle() const;

    /// Something waits for the key's server: what comes behind it waits, too.
    bool hold(std::string_view key) const;
    /// Puts a change into the box of its key; it comes home, and told() is called then.
    void put(publication& change);
    void told(const publication& change);

private:
    struct box {
        box(shard& back, box_places::place& p, forwarder::taker deliver)
            : waiting(*p.box), out(back, *p.box, std::move(p.server), std::move(deliver)) {}
        queue& waiting;
        forwarder out;
        std::size_t on_their_way{0};  ///< into it
    };
    struct write;

    box& box_of(std::string_view key);
    void deliver(publication& first, publication& last);
    void begin(publication& p);
    void applied(write& w);
    void end(publication& p, const failure* why);

    shard& back_;
    store& to_;
    const kept_clock& clock_;
    const std::size_t item_size_max_;
    const seconds tombstone_;
    std::unique_ptr<placement> where_;
    std::deque<box> boxes_;  ///< by their server's place in the pool
    std::optional<free_list<write>> free_;
};

}  // namespace freshet
