// The load on a queue: the whole life of messages, with a bounded number of them on their way.
#pragma once

#include <freshet/config.hpp>

#include "bench/live.hpp"
#include "bench/load/loop.hpp"
#include "bench/load/ring.hpp"
#include "bench/load/wire.hpp"
#include "bench/queue/tally.hpp"
#include "protocol/ask.hpp"

#include <deque>
#include <memory>
#include <vector>

namespace freshet::load {

class queue_load final : public connection_user {
public:
    /// Opens its connections. Throws a sentence.
    queue_load(const queue_options& options, const endpoint& server, const wire_maker& make_wire, live_line& live);

    /// Publishes what the queue is to hold during the run.
    void store();
    /// Publishes, receives and settles until the end, and then until every message is settled, or nothing has happened
    /// for as long as the patience lasts, or an interrupt came. Throws wrong_reply.
    queue_tally run(std::int64_t begin_ns);

    std::size_t on_bytes(connection& c, std::string_view bytes, std::int64_t now) override;
    void on_lost(connection& c, loss how) override;
    void on_open(connection&, std::int64_t) override {}

private:
    enum class question : std::uint8_t { publish, receive, settle };

    struct asked {
        question what{};
        std::uint64_t message{0};
        std::int64_t at_ns{0};
    };
    struct client : connection {
        ring<asked> waiting{};  ///< in the order of the replies
    };
    struct message {
        std::int64_t published_ns{0};
        bool is_confirmed{false};
        bool is_received{false};
        bool is_gone{false};  ///< no longer on its way: settled, or nobody knows
    };

    void turn();
    bool publish_one();
    bool receive_one();
    client* client_with_room(std::size_t& next, std::size_t first);
    void ask(client& c, asked what);
    std::size_t take_reply(client& c, std::string_view bytes, std::int64_t now);
    void on_error(const asked& a, const queue_answer& answer);
    void on_confirmed(const asked& a, std::int64_t now);
    void on_delivery(client& c, const queue_answer& answer, std::int64_t now);
    void on_settled(const asked& a, std::int64_t now);
    void give_up(const asked& a);
    void gone(message& m);
    void tell_live(std::int64_t now);

    const queue_options& options_;
    contents bodies_;
    std::unique_ptr<wire> wire_;
    live_line& live_;
    std::int64_t patience_ns_;
    std::uint64_t first_number_;    ///< no other run counts from there
    std::size_t share_;             ///< of the messages on their way, for each connection
    std::deque<client> clients_{};  ///< publishers, then receivers
    std::size_t next_publisher_{0}, next_receiver_{0};
    loop loop_;
    queue_tally tally_{};
    std::vector<message> messages_{};
    std::uint64_t on_their_way_{0};   ///< published and not gone
    std::uint64_t waiting_there_{0};  ///< confirmed and not received
    std::uint64_t receives_{0};       ///< under way
    std::uint64_t stored_{0};         ///< to be left in the queue
    std::int64_t run_begin_ns_{0};
    std::int64_t progress_ns_{0}, told_ns_{0};
    histogram times_told_{};
    std::uint64_t errors_told_{0};
};

}  // namespace freshet::load
