// Opens the journal's file, or makes it; nothing that is not a sound journal gets past here.
#pragma once

#include <freshet/error.hpp>

#include "queue/journal/file/file.hpp"

#include <memory>
#include <string>

namespace freshet {

/// What is wrong with the file that is there, if one is, as far as it can be told without changing anything on the
/// disk: what is in the log that a crash has left, or a running server has, is not looked at but for what it has lost.
/// `accept_loss`: what can be known to be missing or damaged is no reason to refuse it.
result<void> check_journal_file(const std::string& path, bool accept_loss);
/// The caller holds the lock. The same, and what is accepted is said.
result<std::unique_ptr<journal_file>> open_journal_file(const std::string& path, bool accept_loss);

}  // namespace freshet
