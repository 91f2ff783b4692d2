// A named queue of the journal: its face for everybody, and what the writer's thread keeps of it.
#pragma once

#include <freshet/config.hpp>
#include <freshet/error.hpp>
#include <freshet/time.hpp>

#include "queue/journal/dead_request.hpp"
#include "queue/journal/drop_request.hpp"
#include "queue/journal/file/file.hpp"
#include "queue/line/line_figures.hpp"
#include "queue/line/queue_line.hpp"
#include "queue/operations.hpp"
#include "queue/queue.hpp"
#include "shard/operation.hpp"

#include <boost/intrusive/list.hpp>

#include <atomic>
#include <deque>
#include <string>
#include <vector>

namespace freshet {

class journal_writer;
class journal_queue;

/// What was lent to the writer, told by operation::tag.
enum class journal_work : std::uint8_t {
    publication,
    reception,
    settlement,
    cancel,
    dead_request,
    result_changes,
    function,
    drop,
};

/// The writer shall look at a queue: it is new, or receptions of it are cancelled.
struct queue_note final : operation {
    void finish() override {}
};

using queue_hook = boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

class alignas(16) journal_queue final : public queue, public queue_hook {
public:
    journal_queue(journal_writer& writer, journal_file& file, std::string name, const queue_options& options);

    const std::string& name() const noexcept override { return line.name(); }
    const std::string& label() const noexcept override { return label_; }
    const queue_options& options() const noexcept override { return line.options(); }
    std::uint64_t ready() const noexcept override { return figures_.ready(); }
    std::uint64_t length() const noexcept override { return figures_.length(); }
    queue_figures figures() const noexcept override;

    using queue::publish;
    void publish(publication& first, publication& last) noexcept override;
    void receive(reception& r) noexcept override;
    void cancel(reception& r) noexcept override;
    void settle(settlement& s) noexcept override;
    void hold() noexcept override { holders_.fetch_add(1, std::memory_order_relaxed); }
    void let_go() noexcept override { holders_.fetch_sub(1, std::memory_order_release); }

    /// Tells the writer of it. Any thread, before it is known to others.
    void begin() noexcept;
    void drop(drop_request& r) noexcept;
    /// It was dropped, and nobody has published to it since. Any thread.
    bool is_gone() const noexcept { return gone_.load(std::memory_order_relaxed); }
    /// Nobody points at it, and nothing of it is on its way to the writer, provided that nobody can find it.
    bool is_free() const noexcept { return holders_.load(std::memory_order_acquire) == 0 && !note_sent; }
    static bool cancelled(reception& r) noexcept;

    // The rest is for the writer's thread.
    struct waiting {
        reception* who;
        steady::time_point until;
    };
    failure failed(errc code, effect e = effect::not_done) const noexcept { return {code, e, label_}; }
    void show();
    queue_line line;
    /// What is published to it is put into each of these, too.
    std::vector<journal_queue*> copies;
    std::deque<waiting> receptions;
    std::uint64_t dead{0};      ///< letters
    bool touched{false};        ///< in this turn
    bool changed{false};        ///< its row is to be written
    bool known{false};          ///< to the writer
    bool made{false};           ///< by find_or_make(), now or before: it goes when it is idle
    std::size_t place{0};       ///< among the writer's queues, if it is known
    steady::time_point used{};  ///< last, or looked at
    void set_gone(bool is) noexcept { gone_.store(is, std::memory_order_relaxed); }
    steady::time_point next_expiry{};  ///< when to look for expired messages again, if there is no room
    bool cancels{false};               ///< there may be cancelled receptions
    queue_note note;
    std::atomic<bool> note_sent{false};

private:
    journal_writer& writer_;
    std::string label_;
    std::atomic<std::uint32_t> holders_{0};
    std::atomic<bool> gone_{false};
    // As show() has seen them:
    line_figures figures_{};
    std::atomic<std::uint64_t> dead_{0};
};

}  // namespace freshet
