// Opens the journal's file, or makes it; nothing that is not a sound journal gets past here.
#pragma once

#include <freshet/error.hpp>

#include "queue/journal/file/file.hpp"

#include <memory>
#include <string>

namespace freshet {

/// The caller holds the lock. `accept_loss`: what can be known to be missing is said, and no reason to refuse it.
result<std::unique_ptr<journal_file>> open_journal_file(const std::string& path, bool accept_loss);

}  // namespace freshet
