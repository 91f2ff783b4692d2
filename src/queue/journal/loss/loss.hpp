// What can be known to be missing of a journal whose process did not end in good order.
#pragma once

#include "queue/journal/loss/mark.hpp"
#include "queue/journal/loss/write_ahead_log.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace freshet {

/// What the file alone says, without its log.
struct opening_counts {
    std::uint64_t opened{0};
    std::uint64_t closed{0};  ///< the last one that ended in good order

    bool ended_well() const noexcept { return opened == closed; }
};

struct journal_loss {
    std::string what;            ///< "its log is cut: ..."
    bool log_is_foreign{false};  ///< nothing of it can be used
};

/// Nothing: all that was confirmed is there, as far as can be known. `file`: nothing where that could not be read; the
/// log has the page then, or the file is refused anyway. A last transaction that is cut is what a power cut leaves: it
/// was not confirmed.
std::optional<journal_loss> find_loss(const std::optional<opening_counts>& file,
                                      const std::optional<journal_mark>& mark, const write_ahead_log& log);

}  // namespace freshet
