// The journal's file: what the writer reads and writes, a prepared statement each. Writing is as with a stream: the
// first error stops what follows, and commit() says how it ended. One thread at a time.
#pragma once

#include <freshet/error.hpp>
#include <freshet/message.hpp>
#include <freshet/time.hpp>

#include "base/bytes.hpp"
#include "queue/journal/dead_request.hpp"
#include "queue/journal/file/reserve.hpp"
#include "queue/journal/file/sqlite.hpp"
#include "queue/journal/loss/mark.hpp"
#include "queue/journal/loss/place.hpp"
#include "queue/line/message_source.hpp"
#include "queue/operations.hpp"
#include "queue/queue_clock.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace freshet {

struct stored_dead_letter {
    std::uint64_t queue{0};
    dead_letter letter;
};

struct result_figures {
    std::uint64_t count{0};
    std::uint64_t bytes{0};
};

class journal_file final : public message_source {
public:
    enum class outcome : std::uint8_t {
        done,
        full,       ///< no room: nothing has changed, later it may work again
        no_memory,  ///< the same, of memory
        broken,     ///< an error before the commit: nothing has changed, but the file cannot be trusted any more
        unknown,    ///< the commit itself failed: it may have happened
    };

    /// Of an open database with our schema. `counted`: this opening is, so that a mark of it can be kept.
    journal_file(sqlite_database database, std::string path, bool counted);

    const std::string& path() const noexcept { return path_; }
    const std::string& tag() const noexcept { return tag_; }

    void begin();
    void insert(std::uint64_t queue, std::uint64_t number, const message& m);
    /// False: the id was accepted already and is remembered.
    bool accept(std::uint64_t queue, std::string_view id, wall::time_point until, wall::time_point now);
    /// Messages first..last are gone.
    void remove(std::uint64_t queue, std::uint64_t first, std::uint64_t last);
    /// Handed out, and `attempt` attempts are used up; not_before 1970: at once.
    void change(std::uint64_t queue, std::uint64_t number, unsigned attempt, wall::time_point not_before);
    void change_handed(std::uint64_t queue, std::uint64_t number);
    /// To the dead letters.
    void add_dead_letter(std::uint64_t queue, std::uint64_t number, unsigned attempt, bool handed,
                         std::string_view reason, wall::time_point died);
    /// An error never replaces a good result that has not expired.
    void keep(const kept_result& r, wall::time_point now);
    /// It expires at another time (1970: never), or is gone.
    void change_result(std::string_view store, std::string_view key, std::optional<wall::time_point> expires);
    void write(const queue_row& row);
    void replay(std::uint64_t dead_number, std::uint64_t queue, std::uint64_t number);
    void drop(std::uint64_t dead_number);
    /// Ids that were published with `add`.
    bool remembers(std::uint64_t queue);
    /// The highest message number that any queue had which was dropped, as it was noted last.
    std::uint64_t dropped_through();
    /// Of a queue that has nothing.
    void remove_queue(std::uint64_t queue, std::uint64_t dropped_through);
    /// Its name is free, and what it has is for sweep().
    void set_aside(std::uint64_t queue, std::uint64_t dropped_through);
    enum class swept : std::uint8_t { some, all, no_room, unreadable, failed };
    /// Removes some of what such a queue has, in a transaction.
    swept sweep(std::uint64_t queue, unsigned at_once);
    /// Forgets ids, results that have expired: some of each.
    void prune(const moment& now);
    /// prune() would find something.
    bool has_old(const moment& now);
    /// This message alone is being worked on; 0: none is.
    void note_alone(std::int64_t place);
    /// The process has ended several times in a row without closing it.
    bool is_suspicious() const noexcept { return suspicious_; }
    /// In the last transaction: nothing comes behind it.
    void note_end();
    /// Rolls back unless done.
    outcome commit();
    /// Messages were passed over that cannot be read: what lies between two others may be one of them.
    bool has_holes() const noexcept { return has_holes_; }
    bool failed() const noexcept override { return error_ != 0; }
    void mark_damaged(std::string_view how) override;
    /// True: there was no memory to read with, and it is as if nothing had been asked.
    bool forgive_no_memory() noexcept;
    const std::string& error_sentence() const noexcept { return sentence_; }

    void read(std::uint64_t queue, std::uint64_t after, std::uint64_t upto, std::size_t rows, std::size_t bytes,
              std::deque<stored_message>& to) override;
    std::optional<stored_message> read_one(std::uint64_t queue, std::uint64_t number) override;
    /// Messages whose time was over before `now`, the oldest first; at most so many.
    std::vector<std::uint64_t> expired(std::uint64_t queue, wall::time_point now, std::size_t max);
    std::vector<queue_row> queues();
    std::uint64_t last_number(std::uint64_t queue);
    std::vector<kept_result> results(wall::time_point now);
    /// queue 0: of all. Numbers after `after`.
    std::vector<std::uint64_t> dead_numbers(std::uint64_t queue, std::uint64_t after, std::size_t max);
    std::optional<stored_dead_letter> read_dead(std::uint64_t dead_number);
    std::uint64_t count_dead(std::uint64_t queue);

    /// The disk is full: gives the reserve up and makes the log's room free.
    void make_room();
    /// Has the reserve, or has got it back. False: what is free is for settlements.
    bool take_reserve();
    bool has_reserve() const noexcept { return reserve_.held(); }
    std::uint64_t reserve_bytes() const noexcept { return static_cast<std::uint64_t>(reserve_.size_bytes()); }
    /// In pages of the file that are free: so much can be stored although the file cannot grow.
    std::uint64_t free_bytes();

    /// Moves the log into the file when it is long. False: a sync failed.
    bool checkpoint_if_long();
    /// It and its log are still where they were opened. Not, when somebody has deleted or moved them.
    bool is_in_place() const { return place_.is_kept() && mark_.is_log_kept(); }
    void close();

private:
    void check(int code);
    void run(sqlite_statement& s);
    int read_some(std::uint64_t queue, std::uint64_t& after, std::uint64_t upto, std::size_t& rows, std::size_t& bytes,
                  std::deque<stored_message>& to);
    std::optional<std::uint64_t> step_over(std::uint64_t queue, std::uint64_t after, std::uint64_t upto);
    void say_damaged(std::uint64_t queue, std::uint64_t first, std::uint64_t last, std::string_view what);
    void read_row(const sqlite_statement& s, stored_message& row);
    void bound_results();
    void note_dropped(std::uint64_t through);
    void change_queue(const char* sql, std::uint64_t queue, unsigned at_most = 0);
    void committed(int log_pages);
    void read_suspects();
    void empty_log();
    int move_log(bool& whole);

    std::string path_, tag_, sentence_;
    sqlite_database database_;
    int error_{0};
    int log_pages_{0};
    bool checkpoint_failed_{false};
    bool ends_well_{false};
    bool suspicious_{false};
    bool has_holes_{false};
    std::unordered_set<std::int64_t> fatal_;  ///< places
    std::int64_t alone_{-1};                  ///< as it was noted last
    result_figures results_;
    journal_reserve reserve_;
    mark_keeper mark_;
    kept_place place_;

    sqlite_statement begin_, commit_, rollback_, insert_, remove_, remove_one_, change_, change_handed_, read_,
        read_one_, write_queue_;
    sqlite_statement accept_, dead_letter_, keep_, note_alone_, touch_result_, remove_result_, drop_, replay_;
    std::string headers_;
};

}  // namespace freshet
