// Opens the journal's file, or makes it; nothing that is not a sound journal gets past here.
#pragma once

#include <freshet/error.hpp>

#include "queue/journal/file/file.hpp"

#include <memory>
#include <string>

namespace freshet {

/// The caller holds the lock.
result<std::unique_ptr<journal_file>> open_journal_file(const std::string& path);

}  // namespace freshet
