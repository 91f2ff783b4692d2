// A queue whose messages are on a broker: what came from there is handed out, leased, tried again and settled here as
// the journal does it, and acknowledged there once it is settled. Its work is done on the back shard.
#pragma once

#include <freshet/config.hpp>
#include <freshet/error.hpp>
#include <freshet/message.hpp>
#include <freshet/time.hpp>

#include "config/broker_options.hpp"
#include "queue/broker/delayed.hpp"
#include "queue/broker/link.hpp"
#include "queue/broker/prefetch_window.hpp"
#include "queue/broker/receptions.hpp"
#include "queue/broker/remote_queue.hpp"
#include "queue/broker/unsettled.hpp"
#include "queue/line/line_figures.hpp"
#include "queue/line/queue_line.hpp"
#include "queue/operations.hpp"
#include "queue/queue_clock.hpp"
#include "shard/completion_batch.hpp"
#include "shard/mailbox.hpp"
#include "shard/operation.hpp"
#include "shard/shard.hpp"

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>

namespace freshet {

class broker_queue final : public remote_queue, private link_owner, private ticker {
public:
    using link_maker = std::function<std::shared_ptr<broker_link>(link_owner&)>;

    /// The clock outlives the queue.
    broker_queue(shard& back, const broker_options& options, const queue_clock& clock, const link_maker& make_link);
    ~broker_queue() override;

    const std::string& name() const noexcept override { return options_.name; }
    const std::string& label() const noexcept override { return label_; }
    const queue_options& options() const noexcept override { return options_.queue; }
    std::uint64_t ready() const noexcept override { return figures_.ready(); }
    std::uint64_t length() const noexcept override { return figures_.length(); }
    queue_figures figures() const noexcept override { return figures_.all(); }

    using queue::publish;
    void publish(publication& first, publication& last) noexcept override;
    void receive(reception& r) noexcept override;
    void cancel(reception& r) noexcept override;
    void settle(settlement& s) noexcept override;

    void start() override;
    bool is_connected() const noexcept override { return connected_.load(std::memory_order_relaxed); }
    void stop(steady::time_point deadline) override;
    /// Time has gone on. Back shard.
    void tick(steady::time_point now) override;

private:
    enum class work : std::uintptr_t { publication, reception, settlement, dead_letter, delayed };
    /// Something is in the inbox.
    struct note final : operation {
        broker_queue* owner{nullptr};
        void finish() override { owner->take_in(); }
    };
    /// Published before it was known whether anything can be.
    struct early {
        publication* who;
        lane to;
        std::string reason;  ///< of a dead letter
        steady::time_point until;
    };
    /// Of what was published and never arrived.
    enum class loss : std::uint8_t { none, noticed, told };
    /// A dead letter on its way: a copy, and what becomes of the message once it is confirmed.
    struct dead_letter_publication final : publication {
        std::uint64_t number{0};
        settlement* asked{nullptr};  ///< null: the line found it too old
        void finish() override {}
    };

    void lend(operation& first, operation& last, work what) noexcept;
    void take_in();
    void end_turn();
    void serve();
    void tell_loss();
    bool fill(reception& r);
    void end_those_that_waited();
    void take_more_or_less();
    void give_back_surplus();
    void ask_level();
    bool is_idle() const;
    void look_whether_idle();

    void publish_one(publication& p);
    milliseconds start_time() const noexcept;
    void send(publication& p, lane to, std::string_view reason);
    void end_start(bool can_publish);
    void fail_early(steady::time_point until, errc why);
    void receive_one(reception& r);
    void settle_one(settlement& s);
    void stamp(publication& p);
    std::string make_id();
    bool can_delay(const message& m) const noexcept;
    void postpone(publication& p);
    void postpone(queue_line::entry& e, milliseconds pause, settlement& asked);
    void send_to_dead_letters(queue_line::entry& e, std::string_view reason, settlement* asked);
    void dead_letter_told(dead_letter_publication& b);
    void put_aside(queue_line::entry& e);
    void remove(queue_line::entry& e);
    void drop_untagged();
    void forget(const std::function<bool(std::uint64_t number)>& which);
    void end(settlement& s, enum settlement::outcome outcome);
    void fail(publication& p, errc why, effect happened, std::string_view subject);
    failure failed(errc code) const noexcept { return {code, effect::not_done, label_}; }

    void connected() override;
    void history_lost() override { loss_ = loss::noticed; }
    void disconnected() override;
    void publishable(bool yes) override;
    void revoked() override;
    void arrived(arrival&& one) override;
    void arrivals_over() override;
    void published(publication& p) override;
    void levelled(std::uint64_t ready) override;
    void others_wait() override;

    shard& back_;
    broker_options options_;
    const queue_clock& clock_;
    std::string label_;
    std::string id_tag_;  ///< begins the ids that are made here
    std::uint64_t ids_{0};

    mailbox inbox_;
    note note_;
    completion_batch completions_;
    moment now_;
    unsettled_messages unsettled_;
    queue_line line_;
    std::shared_ptr<broker_link> link_;  ///< its connection may outlive the queue for a moment
    std::unique_ptr<delayed_messages> later_;
    steady::time_point send_again_{};
    waiting_receptions receptions_;
    prefetch_window window_;
    bool asking_{false};               ///< what is ready there
    std::uint64_t lent_{0}, told_{0};  ///< publications, ever
    std::uint64_t behind_{0};          ///< that are ready on the broker, as it said last
    std::size_t unconfirmed_{0}, unconfirmed_bytes_{0};
    steady::time_point busy_{steady::now()};  ///< when somebody asked, or worked, last; by the real clock
    std::deque<early> early_;
    broker_queue::loss loss_{loss::none};
    bool starting_{true};  ///< the first connection is being made
    bool consuming_{false};
    bool may_rest_{false};  ///< it has asked for others since nobody asks here
    bool stopping_{false}, ticking_{false};

    line_figures figures_{};
    std::atomic<bool> connected_{false};
};

}  // namespace freshet
