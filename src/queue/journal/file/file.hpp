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
#include "queue/line/message_source.hpp"
#include "queue/operations.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
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
        full,     ///< no room: nothing has changed, later it may work again
        broken,   ///< an error before the commit: nothing has changed, but the file cannot be trusted any more
        unknown,  ///< the commit itself failed: it may have happened
    };

    /// Of an open database with our schema.
    explicit journal_file(sqlite_database database, std::string path);

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
    void write(const queue_row& row);
    void replay(std::uint64_t dead_number, std::uint64_t queue, std::uint64_t number);
    void drop(std::uint64_t dead_number);
    /// Forgets ids, results that have expired: some of each.
    void prune(wall::time_point now);
    /// prune() would find something.
    bool has_old(wall::time_point now);
    /// Rolls back unless done.
    outcome commit();
    bool failed() const noexcept override { return error_ != 0; }
    void mark_damaged(std::string_view how) override;
    const std::string& error_sentence() const noexcept { return sentence_; }

    void read(std::uint64_t queue, std::uint64_t after, std::uint64_t upto, std::size_t rows, std::size_t bytes,
              std::deque<stored_message>& to) override;
    std::optional<stored_message> read_one(std::uint64_t queue, std::uint64_t number) override;
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
    void close();

private:
    void check(int code);
    void run(sqlite_statement& s);
    void read_row(const sqlite_statement& s, stored_message& row);
    void bound_results();

    std::string path_, tag_, sentence_;
    sqlite_database database_;
    int error_{0};
    int log_pages_{0};
    bool checkpoint_failed_{false};
    result_figures results_;
    journal_reserve reserve_;

    sqlite_statement begin_, commit_, rollback_, insert_, remove_, change_, change_handed_, read_, read_one_,
        write_queue_;
    sqlite_statement accept_, dead_letter_, keep_, drop_, replay_;
    std::string headers_;
};

}  // namespace freshet
