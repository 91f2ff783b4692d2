// The journal as its tests open it: with a clock of their own.
#pragma once

#include <freshet/error.hpp>

#include "queue/journal/journal.hpp"
#include "queue/queue_clock.hpp"

#include <memory>

namespace freshet {

/// The clock lives longer than the journal.
result<std::unique_ptr<journal>> open_journal(const journal_options& options, const queue_clock& clock);

}  // namespace freshet
