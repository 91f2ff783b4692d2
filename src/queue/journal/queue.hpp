// A named queue of the journal: its face for everybody, and what the writer's thread keeps of it.
#pragma once

#include <freshet/config.hpp>
#include <freshet/error.hpp>
#include <freshet/time.hpp>

#include "queue/journal/dead_request.hpp"
#include "queue/journal/file/file.hpp"
#include "queue/line/line_figures.hpp"
#include "queue/line/queue_line.hpp"
#include "queue/operations.hpp"
#include "queue/queue.hpp"
#include "shard/operation.hpp"

#include <atomic>
#include <deque>
#include <string>

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
};

/// Cancelled receptions of a queue are to be looked for.
struct cancel_note final : operation {
    void finish() override {}
};

class alignas(16) journal_queue final : public queue {
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

    static bool cancelled(reception& r) noexcept;

    // The rest is for the writer's thread.
    struct waiting {
        reception* who;
        steady::time_point until;
    };
    failure failed(errc code, effect e = effect::not_done) const noexcept { return {code, e, label_}; }
    void show();
    queue_line line;
    std::deque<waiting> receptions;
    std::uint64_t dead{0};             ///< letters
    bool touched{false};               ///< in this turn
    bool changed{false};               ///< its row is to be written
    bool known{false};                 ///< to the writer
    bool made{false};                  ///< by find_or_make(), now or before
    steady::time_point next_expiry{};  ///< when to look for expired messages again, if there is no room
    bool cancels{false};               ///< there may be cancelled receptions
    cancel_note note;
    std::atomic<bool> note_sent{false};

private:
    journal_writer& writer_;
    std::string label_;
    // As show() has seen them:
    line_figures figures_{};
    std::atomic<std::uint64_t> dead_{0};
};

}  // namespace freshet
