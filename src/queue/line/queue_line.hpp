// What waits in one queue, in order: of the journal, as the writer's thread sees it, or of a broker, as far as it has
// come from there. Own thread only.
//
// A message is stored; then it is read ahead, in a window of bounded size; then it is *passed*: it is handed out, or it
// has to wait for its time or for an earlier one of its key. What was passed and is not settled is an entry here; what
// was passed and is no entry is gone.
#pragma once

#include <freshet/config.hpp>
#include <freshet/error.hpp>
#include <freshet/message.hpp>
#include <freshet/time.hpp>

#include "base/bytes.hpp"
#include "queue/line/message_source.hpp"
#include "queue/operations.hpp"
#include "queue/queue_clock.hpp"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace freshet {

class queue_line {
public:
    enum class standing : std::uint8_t {
        ready,  ///< to be handed out, in its old place
        leased,
        later,    ///< until its time has come
        behind,   ///< an earlier message of its key is not settled
        leaving,  ///< in the transaction that is being made
    };
    struct entry;
    /// Messages of one key that were passed; the first of them holds the key.
    struct key_line {
        entry* last{nullptr};
    };
    using key_lines = std::unordered_map<std::string, key_line>;

    struct entry {
        std::uint64_t number{0};
        standing state{standing::ready};
        bool open{false};     ///< a delivery of it can be settled
        bool handed{false};   ///< redelivered the next time
        bool counted{false};  ///< the delivery's attempt is in `used`
        bool due{false};      ///< its pause is over, or its date has come
        bool removed{false};  ///< leaving, and not counted in the row any more
        unsigned used{0};     ///< attempts used up
        std::uint64_t bytes{0};
        wall::time_point published{};
        key_lines::value_type* key{nullptr};
        entry* next_of_key{nullptr};
        entry *older{nullptr}, *newer{nullptr};  ///< by lease
        steady::time_point until{};              ///< of the lease
        std::unique_ptr<stored_message> kept;    ///< what is not read again
    };

    queue_line(message_source& source, std::string name, const queue_options& options);

    const std::string& name() const noexcept { return name_; }
    const queue_options& options() const noexcept { return options_; }
    void set_options(const queue_options& o) { options_ = o; }
    /// Some were handed out or wait for their time, and are not settled.
    bool any_passed() const noexcept { return !entries_.empty(); }
    /// 0: it has no row yet.
    std::uint64_t queue_number() const noexcept { return row_.number; }
    void set_queue_number(std::uint64_t number) noexcept { row_.number = number; }
    /// What is stored, at start; `last`: the highest number there.
    void restore(const queue_row& row, std::uint64_t last);
    /// Where nothing is stored: numbers go on behind this one.
    void begin_behind(std::uint64_t number) noexcept;
    /// All that is stored is gone, the row too; numbers go on. Nothing is leaving.
    void clear();

    static std::uint64_t size_of(const message& m) noexcept { return m.id.size() + m.key.size() + m.body.size(); }
    /// With what no limit of a queue counts: headers, and what its broker said of it.
    static std::uint64_t weight_of(const message& m) noexcept;
    /// Room for one more message, counted at once; or why there is none.
    std::optional<errc> reserve(std::uint64_t bytes);
    void add(std::uint64_t bytes) noexcept { ++row_.length, row_.bytes += bytes; }
    void subtract(std::uint64_t bytes) noexcept { --row_.length, row_.bytes -= bytes; }
    std::uint64_t take_number() noexcept { return next_++; }
    std::uint64_t last_number() const noexcept { return next_ - 1; }  ///< that was taken
    /// It is committed.
    void admit(std::uint64_t number, const message& m);
    /// So is this one; it is read when its turn comes.
    void admit_unseen(std::uint64_t number) noexcept { tail_ = number; }

    /// Hands the next message out, on lease. Null: there is none now. Those that are too old for it go to
    /// exhausted_entries().
    entry* take(delivery& to, bool exhausted_too, const moment& now);
    /// Those that take() found too old, with the reason: to be dead-lettered. They are leaving; exhausted_over() when
    /// one has left.
    std::vector<std::pair<entry*, std::string_view>> take_exhausted() noexcept { return std::exchange(exhausted_, {}); }
    void exhausted_over() noexcept { --exhausted_count_; }
    /// take() may find more after the next transaction: the mark must move ahead first, or some must leave.
    bool stalled() const noexcept { return mark_wanted_ || exhausted_count_ != 0; }
    bool mark_wanted() const noexcept { return mark_wanted_; }

    /// The delivery that can be settled, or null.
    entry* open(std::uint64_t number);
    /// The same, if its lease lasts and was the attempt with this number. 0: whichever.
    entry* open(std::uint64_t number, unsigned attempt);
    void renew(entry& e, const moment& now);
    /// The attempt of the delivery is used up, once.
    void count_attempt(entry& e) noexcept;
    bool exhausted(const entry& e) const noexcept {
        return options_.max_attempts != 0 && e.used >= options_.max_attempts;
    }
    /// A transaction begins to hold it (`removed`: to remove its row). What comes of it is one of the four that follow.
    void leave(entry& e, bool removed) noexcept;
    void gone(entry& e);                                             ///< acknowledged or dead
    void postpone(entry& e, milliseconds pause, const moment& now);  ///< to be handed out again, after a pause
    void stay(entry& e, const moment& now);                          ///< the transaction failed: the lease begins anew
    void give_back(entry& e);                                        ///< it failed, and nobody has it
    /// A delivery that nobody has seen: it is ready again, and counts as no attempt.
    void release(entry& e);
    /// Too old to be handed out to anybody: take_exhausted() has it. False: it cannot leave now, somebody has it or one
    /// before it.
    bool expire(std::uint64_t number);

    /// Leases that ran out (their messages are ready again; told to `lease_expired`) and messages whose time has come.
    void tick(const moment& now, const std::function<void(entry&)>& lease_expired);
    /// When tick() has something to do, as far as is known.
    steady::time_point next_tick(const moment& now) const;

    /// The one that leave() was called for, by its number.
    entry* leaving(std::uint64_t number);
    /// Messages that are neither leased nor leaving and that `which` names are not known here any more: `told` hears of
    /// each, with its entry (null: it was not passed yet) and the time that it waited for (1970: none).
    void forget(const moment& now, const std::function<bool(std::uint64_t number)>& which,
                const std::function<void(const entry* e, std::uint64_t number, wall::time_point due)>& told);

    /// The row as it shall be stored, the mark moved ahead; `asked`: so many messages are waited for.
    queue_row row_to_write(std::size_t asked);
    void row_written(const queue_row& row) noexcept { mark_ = row.mark, mark_wanted_ = false; }
    /// The row of a clean end, and the numbers that were handed out above the old mark.
    queue_row last_row() const;
    std::vector<std::uint64_t> handed_numbers() const;

    /// It may have been handed out by a process that did not end in good order.
    bool is_suspect(std::uint64_t number) const noexcept { return !options_.harmless && number <= old_mark_; }
    bool has_suspects() const noexcept {
        if (options_.harmless) return false;
        return suspects_ != 0 || loaded_ < std::min(old_mark_, tail_) ||
               (!window_.empty() && is_suspect(window_.front().number));
    }
    bool is_leased(std::uint64_t number) const;
    std::size_t leased() const noexcept { return leased_; }
    std::size_t delayed() const noexcept { return behind_ + later_count_; }
    /// When the first of those that are ready was published, of a plain queue the first that is not settled; 1970: none
    /// is, or it is not read yet.
    wall::time_point oldest();

    std::uint64_t length() const noexcept { return row_.length; }
    std::uint64_t ready() const noexcept;
    std::uint64_t last_passed() const noexcept { return passed_; }
    /// It was passed, and is no more.
    bool is_gone(std::uint64_t number) const { return number <= passed_ && !entries_.contains(number); }

private:
    bool refill();
    void read_ahead(std::size_t rows, std::size_t bytes);
    bool goes_ahead() const noexcept;
    bool is_held_up() const noexcept;
    entry* first_ready();
    entry* pass(const moment& now);
    entry* take_back(const moment& now);
    entry* adopt(std::uint64_t number);
    entry& pass_early(const stored_message& found);
    void pause(entry& e, steady::time_point until);
    template <class Waiting, class Time>
    void make_due_ready(Waiting& waiting, Time now);
    void keep(entry& e);
    void park(entry& e, wall::time_point due);
    void lease(entry& e, const moment& now);
    void unlease(entry& e) noexcept;
    void make_ready(entry& e);
    void remain(entry& e) noexcept;
    static unsigned attempt_of(const entry& e) noexcept;
    std::optional<std::string_view> reason_to_die(const entry& e, bool exhausted_too, const moment& now) const;

    message_source& source_;
    std::string name_;
    queue_options options_;
    queue_row row_;                ///< what is stored or reserved
    std::uint64_t next_{1};        ///< the next message's number
    std::uint64_t tail_{0};        ///< the last committed number
    std::uint64_t loaded_{0};      ///< the last number that was read ahead
    std::uint64_t passed_{0};      ///< the last number that was passed
    std::uint64_t mark_{0};        ///< what may be handed out: stored
    std::uint64_t old_mark_{0};    ///< as it was at start: up to here anything may have been handed out
    std::uint64_t lookahead_{16};  ///< how far the mark runs ahead of what was passed
    std::uint64_t handed_out_{0};  ///< since the row was written
    bool mark_wanted_{false};

    std::deque<stored_message> window_;
    std::uint64_t window_bytes_{0};
    std::uint64_t kept_bytes_{0};
    stored_message current_;  ///< what is being handed out
    std::unordered_map<std::uint64_t, entry> entries_;
    key_lines keys_;
    std::size_t behind_{0}, later_count_{0}, leased_{0}, leaving_{0}, adopted_{0}, suspects_{0};
    std::priority_queue<std::uint64_t, std::vector<std::uint64_t>, std::greater<>> ready_;
    template <class Time>
    using by_time = std::priority_queue<std::pair<Time, std::uint64_t>, std::vector<std::pair<Time, std::uint64_t>>,
                                        std::greater<>>;
    by_time<wall::time_point> later_;            ///< until a date, which a step of the clock may bring
    by_time<steady::time_point> paused_;         ///< for a time, which passes whatever the clock says
    entry *oldest_{nullptr}, *newest_{nullptr};  ///< leases by when they run out
    std::vector<std::pair<entry*, std::string_view>> exhausted_;
    std::size_t exhausted_count_{0};  ///< that have not left yet
};

}  // namespace freshet
