// Files that are there, whole and on the disk, under their name, or not at all.
#pragma once

#include <string>
#include <string_view>

namespace freshet {

/// All give 0, or errno.

/// What was written to a file, or `flags` O_DIRECTORY: which files a folder has, is on the disk.
int sync_path(const std::string& path, int flags = 0);
/// `fresh`, which is whole, is synced and becomes `path`, in the place of what that was.
int put_in_place(const std::string& fresh, const std::string& path);
/// A file with this text, by way of `path`.new.
int put_text(std::string_view text, const std::string& path);
/// It is not there when the machine comes back, either.
int remove_for_good(const std::string& path);

}  // namespace freshet
