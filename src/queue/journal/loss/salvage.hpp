// What can be read of a damaged journal, put into pages of its own: beside a bad page every change may fail.
#pragma once

#include "queue/journal/file/sqlite.hpp"

#include <string>

namespace freshet {

/// The table of messages is made anew with those that can be read; each that cannot is said, and the old table stays in
/// the file, under another name, for people. Why it cannot be done; empty: it is.
std::string salvage(const std::string& path, sqlite_database& database);

}  // namespace freshet
