// A journal: durable queues in one SQLite file of this process, with their dead letters and kept results. Its writer
// thread does all the work.
#pragma once

#include <freshet/config.hpp>
#include <freshet/error.hpp>

#include "queue/journal/dead_request.hpp"
#include "queue/journal/drop_request.hpp"
#include "queue/journal/result_changes.hpp"
#include "queue/operations.hpp"
#include "queue/queue.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace freshet {

struct queue_clock;

struct journal_options {
    std::string path;               ///< of the file; its folder exists
    bool accept_loss{false};        ///< opened although something that was confirmed is known to be missing
    bool allow_tmpfs{false};        ///< a file in memory survives no reboot: refused unless allowed
    std::size_t queues_max{1'000};  ///< names that find_or_make() makes
    milliseconds queue_idle{0};     ///< one of them goes when it was empty and unused for so long; 0: it stays
    queue_options defaults{};       ///< of the queues it makes
};

/// A durable file of this process with any number of named queues, one writer thread, and group commit.
class journal {
public:
    virtual ~journal() = default;  ///< stops

    /// The queue of that name with these options, made if it is new. At start-up, before it is used. It lives as long
    /// as the journal.
    virtual queue& open(std::string_view name, const queue_options& options) = 0;
    /// What is published to it from now on is put into each of the others, too, in the same transaction: into all of
    /// them, or into none. At start-up; all are of open(), and none of the others has copies itself.
    virtual void set_copies(queue& of, std::span<queue* const> others) = 0;
    /// The queue of that name, or null. Any thread.
    virtual queue_ptr find(std::string_view name) noexcept = 0;
    /// The queue of that name, made with the default options if it is new. Any thread. The subject of a failure lives
    /// as long as the journal.
    virtual boost::system::result<queue_ptr, failure> find_or_make(std::string_view name) = 0;
    /// The results kept for memory stores that have not expired. Once, at start-up.
    virtual std::vector<kept_result> results() = 0;
    /// Any thread.
    virtual void change_results(result_changes& r) noexcept = 0;
    virtual void dead_letters(dead_request& r) noexcept = 0;
    virtual void drop(drop_request& r) noexcept = 0;
    virtual std::vector<std::string> names() const = 0;
    /// Gives back all that waits (publications that were not written: not_done, stopping), settles the marks, closes
    /// cleanly. The home shards must still run. Idempotent.
    virtual void stop() = 0;
};

/// Whether open_journal() would open it, as far as that can be told without changing anything on the disk, and whoever
/// has it open now. `folder`: the one that its own folder will be made in; empty: it is there.
result<void> check_journal(const journal_options& options, const std::string& folder = {});
/// Opens or makes the journal; a problem is one whole sentence (locked, damaged, tmpfs, not writable ...).
result<std::unique_ptr<journal>> open_journal(const journal_options& options);
/// With a time of its own, for tests. The clock lives longer than the journal.
result<std::unique_ptr<journal>> open_journal(const journal_options& options, const queue_clock& clock);

}  // namespace freshet
