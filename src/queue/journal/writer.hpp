// The journal's one thread. It takes all that has arrived, decides what becomes of it, writes one transaction, syncs
// once, and sends everything home. Nothing is answered before its commit; a reception sees only what is committed.
#pragma once

#include <freshet/error.hpp>
#include <freshet/time.hpp>

#include "base/bytes.hpp"
#include "base/futex_event.hpp"
#include "queue/journal/dead_request.hpp"
#include "queue/journal/file/file.hpp"
#include "queue/journal/queue.hpp"
#include "queue/journal/result_changes.hpp"
#include "queue/operations.hpp"
#include "queue/queue_clock.hpp"
#include "shard/completion_batch.hpp"
#include "shard/mailbox.hpp"
#include "shard/operation.hpp"

#include <boost/intrusive/list.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace freshet {

/// What one transaction holds, and who waits for it.
struct journal_batch {
    struct publishing {
        journal_queue* queue;
        publication* who;
        std::uint64_t number;
        std::uint64_t bytes;
        bool is_copy{false};    ///< of the last before it that is none, which decides what becomes of it
        bool is_counted{true};  ///< in the queue's length
    };
    enum class fate : std::uint8_t { remove, change, dead_letter };
    struct leaving {
        journal_queue* queue;
        queue_line::entry* entry;
        journal_batch::fate fate;
        settlement* who{nullptr};   ///< or
        reception* taker{nullptr};  ///< settles at once, or neither: it is too old
        std::string_view reason{};
        milliseconds pause{0};  ///< change: before it is handed out again
    };
    struct expired_lease {
        std::uint64_t queue, number;
        unsigned attempts;
    };
    struct replayed {
        journal_queue* queue;
        std::uint64_t number;
        std::uint64_t bytes;
    };
    struct moving {
        dead_request* who;
        std::uint64_t after{0};            ///< done: all up to this number, or so many of the numbers asked for
        std::vector<replayed> messages{};  ///< this and the rest: in this transaction
        std::uint64_t last{0};
        std::uint64_t moved{0};
        bool more{false};
    };

    struct dropping {
        journal_queue* queue;
        drop_request* who{nullptr};  ///< or: it is idle
        bool drops{false};           ///< this transaction
    };

    std::vector<publishing> publications;
    std::vector<leaving> leaves;
    std::vector<expired_lease> expired_leases;
    std::vector<moving> requests;
    std::vector<dropping> drops;
    std::vector<reception*> takers;  ///< settle at once
    struct changing {
        result_changes* who;
        std::size_t leaves;  ///< that came before it
    };
    std::vector<changing> results;
    std::size_t bytes{0};

    bool empty() const noexcept {
        return publications.empty() && leaves.empty() && expired_leases.empty() && requests.empty() && takers.empty() &&
               results.empty() && drops.empty();
    }
    void clear() noexcept;
};

/// Whose the queues are.
class queue_owner {
public:
    /// Null: somebody has it. Else nobody finds it any more. The writer's thread.
    virtual std::unique_ptr<journal_queue> give_up(journal_queue& q) = 0;

protected:
    ~queue_owner() = default;
};

class journal_writer {
public:
    /// `idle`: how long a queue that was made is empty and unused before it goes; 0: it stays.
    journal_writer(std::unique_ptr<journal_file> file, const queue_clock& clock, queue_owner& owner, milliseconds idle);
    ~journal_writer() { stop(); }
    journal_writer(const journal_writer&) = delete;
    journal_writer& operator=(const journal_writer&) = delete;

    journal_file& file() noexcept { return *file_; }
    const std::string& label() const noexcept { return label_; }
    /// Before start().
    void add(journal_queue& q);
    /// The same: what a queue of this number had is to be removed.
    void sweep_later(std::uint64_t queue_number);
    void start();
    /// Gives back all that waits, closes the file. Idempotent, any thread but the writer's.
    void stop();

    /// Lends tagged operations. Any thread.
    void put(operation& first, operation& last) noexcept;
    void put(dead_request& r) noexcept;
    void put(result_changes& r) noexcept;
    /// On the writer's thread, or here when it has none (any more).
    void run_and_wait(const std::function<void()>& work);
    /// It stays, whoever made it. True: it would have gone. The writer's thread.
    bool keep(journal_queue& q) noexcept;

private:
    void run() noexcept;
    void take_turn();
    void post_completions();
    bool idle() const noexcept;
    std::chrono::nanoseconds time_to_sleep() const;
    void tick();
    void gather();
    void take_in(operation& o);
    void take_in(settlement& s, journal_queue& q);
    void take_in(result_changes& r);
    void refuse(operation& o, errc code, completion_batch& way);
    void put_back(operation* o) noexcept;
    void touch(journal_queue& q);
    void end_turn();
    void close();
    journal_file::outcome settle_marks();

    // publish.cpp: publications
    void take_in(publication& p, journal_queue& q);
    std::optional<errc> reserve(journal_queue& q, std::uint64_t bytes);
    bool expire_some(journal_queue& q);
    void take_in_copies(publication& p, const journal_queue& q, std::uint64_t bytes);
    void take_back(std::size_t from, const failure& why);

    // serve.cpp: receptions
    void serve(bool last_chance);
    void serve(journal_queue& q, bool last_chance);
    bool fill(reception& r, journal_queue& q);
    void send_away(journal_queue& q, errc why);

    // alone.cpp: what may have ended the process before
    bool may_take() noexcept;
    bool take_alone(reception& r, journal_queue& q, queue_line::entry& e);
    std::int64_t alone_place() const;
    void fail_alone(errc code, effect e);
    void end_alone_turn();
    std::size_t leased() const noexcept;

    // commit.cpp: transactions
    void commit();
    journal_file::outcome write();
    void write_publications();
    void write_leaves();
    void write_removals();
    void write_rows();
    void apply();
    void apply(journal_batch::leaving& l);
    bool may_publish();
    void fail_publications(errc code, effect e);
    void fail(errc code, effect e);
    void break_down(effect e);

    // dead_letters.cpp: dead letters
    void write_request(journal_batch::moving& m);
    void apply(journal_batch::moving& m);
    void list(dead_request& r);
    void count_dead();
    bool find_asked(const dead_request& r, std::uint64_t& number) const noexcept;
    journal_queue* queue_of(std::string_view name) const noexcept;
    journal_queue* queue_of(std::uint64_t number) const noexcept;

    // drop.cpp: queues that go
    using queue_list = boost::intrusive::list<journal_queue, boost::intrusive::constant_time_size<false>>;
    void find_free_numbers();
    void give_number(journal_queue& q);
    void use(journal_queue& q) noexcept;
    bool is_empty(const journal_queue& q);
    bool is_unused(const journal_queue& q);
    void look_at_queues();
    bool give_up(journal_queue& q);
    void write_drops();
    bool decide(journal_batch::dropping& d);
    void apply_drops();
    void forget(journal_queue& q, bool with_all);
    bool may_sweep() const noexcept;
    void sweep();

    std::unique_ptr<journal_file> file_;
    const queue_clock& clock_;
    queue_owner& owner_;
    milliseconds idle_;
    std::string label_;
    mailbox mail_;
    futex_event arrived_;
    std::thread thread_;
    std::atomic<bool> closing_{false};  ///< only what was lent is dealt with
    std::atomic<bool> closed_{false};   ///< nobody takes what is lent

    // The writer's thread's own.
    moment now_{};
    operation* pending_{nullptr};  ///< taken, not yet dealt with
    bool broken_{false};
    bool full_{false};  ///< the last transaction failed for want of room
    journal_batch batch_;
    completion_batch completions_;
    std::vector<journal_queue*> queues_, touched_;
    std::vector<std::pair<journal_queue*, queue_row>> rows_;  ///< in this transaction
    struct removal {
        journal_queue* queue;
        std::uint64_t number;
    };
    std::vector<removal> removals_;
    std::uint64_t next_queue_number_{1};
    std::vector<std::uint64_t> free_queue_numbers_;  ///< below that one
    std::uint64_t dropped_through_;                  ///< no queue that was dropped had a higher message number
    queue_list by_use_;                              ///< those that were made, the longest unused first
    queue_list gone_;                                ///< dropped, and held by somebody perhaps
    std::vector<std::uint64_t> swept_;               ///< numbers of queues whose messages are being removed
    steady::time_point next_sweep_{};
    bool careful_{false};  ///< until what may have ended the process is worked off
    bool held_up_{false};  ///< something waits until nothing is leased
    struct {
        journal_queue* in{nullptr};
        std::uint64_t number{0};
        reception* taker{nullptr};  ///< until it is noted
    } alone_;
    bool prune_{false};
    steady::time_point next_tick_{}, next_prune_{}, next_reserve_{}, next_look_{};
    wall::time_point next_date_{};
};

}  // namespace freshet
