// Changes that a server could not take: they wait in a journal, in one box for each server, so that the keys of the
// others go on whatever waits. In the order of its keys; tried again for ever. Back shard only.
#pragma once

#include <freshet/config.hpp>
#include <freshet/error.hpp>
#include <freshet/time.hpp>

#include "base/now_and_then.hpp"
#include "flow/apply/aside.hpp"
#include "flow/apply/late_sets.hpp"
#include "queue/operations.hpp"
#include "queue/outbox/forwarder.hpp"
#include "queue/queue.hpp"
#include "shard/free_list.hpp"
#include "shard/shard.hpp"
#include "store/applying.hpp"
#include "store/pool/placement/placement.hpp"
#include "store/store.hpp"
#include "version/kept_clock.hpp"

#include <boost/intrusive/list.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
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
        server_aside::place aside{};
    };
    std::unique_ptr<placement> where;  ///< which server a key belongs to
    std::vector<place> servers;        ///< in their places; behind them those that left the pool
};
/// Of such a queue, with so many bytes.
queue_options box_options(std::uint64_t bytes_max);
inline constexpr std::string_view box_infix = "/waits-for/";
/// What a box is called: NAME/waits-for/SERVER.
std::string box_name(std::string_view queue, const server_address& server);

class server_boxes final : private ticker {
public:
    server_boxes(shard& back, store& to, box_places places, const kept_clock& clock, const flow_config& config,
                 seconds tombstone, late_sets& late);
    ~server_boxes();
    server_boxes(const server_boxes&) = delete;
    server_boxes& operator=(const server_boxes&) = delete;

    void start();
    /// Begins nothing more; what was not applied stays in its box.
    void stop();
    /// After stop(): nothing has to come home any more.
    bool is_idle() const;

    /// From now on what is in them is not applied, nor what comes into them; until it is called with false.
    void drop(bool yes);
    /// Something is in one of them.
    bool any() const;
    /// What comes of this key waits behind what is there, or its server takes nothing now.
    bool hold(std::string_view key) const;
    /// What comes of this key is dropped: its server is emptied before it is used.
    bool drops(std::string_view key) const { return box_of(key).aside.drops(); }
    /// Puts a change into the box of its key; it comes home, and told() is called then.
    void put(publication& change);
    /// True: it is done, in the box, or dropped since that is full.
    bool told(const publication& change);

private:
    static constexpr std::size_t parts = 1'024;  ///< that keys fall into
    struct box {
        box(shard& back, store& to, box_places::place& p, forwarder::taker deliver)
            : waiting(*p.box),
              out(back, *p.box, std::move(p.server), std::move(deliver)),
              aside(back, to, std::move(p.aside)) {}
        void left(std::string_view key) noexcept;
        /// Nothing is left that was to be put into its server.
        bool is_clear() const { return lent == 0 && waiting.length() == 0 && out.has_nothing(); }

        queue& waiting;
        forwarder out;
        server_aside aside;
        std::uint64_t of_before{0};                  ///< that were in it at the start
        std::size_t lent{0};                         ///< to it, and not told
        std::array<std::uint32_t, parts> of_part{};  ///< that were put into it since, more or less
    };
    struct refusable : boost::intrusive::list_base_hook<> {};
    struct write;

    static bool takes_nothing(const failure& why) noexcept;
    static std::size_t part_of(std::string_view key) noexcept { return std::hash<std::string_view>()(key) % parts; }
    box& box_of(std::string_view key) { return boxes_[where_->server_of(key)]; }
    const box& box_of(std::string_view key) const { return boxes_[where_->server_of(key)]; }
    bool put_aside(box& b);
    void empty_those_aside(steady::time_point now);
    void tick_while_needed();
    void deliver(box& b, publication& first, publication& last);
    void begin(write& w);
    void begin_refused();
    void applied(write& w);
    void end(write& w, const failure* why);
    void tick(steady::time_point now) override;

    shard& back_;
    store& to_;
    const kept_clock& clock_;
    const std::size_t item_size_max_;
    const seconds tombstone_;
    std::unique_ptr<placement> where_;
    std::deque<box> boxes_;  ///< by their server's place in the pool; behind them, of servers that it had before
    std::optional<free_list<write>> free_;
    late_sets& late_;
    now_and_then refused_said_{};
    boost::intrusive::list<refusable> refused_;  ///< that their server does not take, though it takes others
    steady::time_point refused_again_{};
    bool stopping_{false}, dropping_{false}, ticking_{false};
};

}  // namespace freshet
