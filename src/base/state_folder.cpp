#include "base/state_folder.hpp"

#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

namespace freshet {

namespace {

problem no_folder(const std::string& folder, const std::string& why) {
    return {errc::journal_path, effect::not_done,
            fmt::format("the state folder {} cannot be used: {} (choose another with --state)", folder, why)};
}

std::optional<problem> unwritable(const std::string& folder, const std::string& there) {
    if (::access(there.c_str(), W_OK | X_OK) == 0) return {};
    return no_folder(folder, std::error_code(errno, std::generic_category()).message());
}

/// No file can be made in /proc or /sys, whatever their rights say.
std::optional<problem> not_for_files(const std::string& folder, const std::string& there) {
    struct statfs about {};
    if (::statfs(there.c_str(), &about) != 0 || about.f_blocks != 0 || about.f_type == TMPFS_MAGIC) return {};
    return no_folder(folder, there + " holds no files of others");
}

}  // namespace

std::optional<problem> make_state_folder(const std::string& folder) {
    if (auto wrong = not_for_files(folder, existing_folder(folder))) return wrong;
    std::error_code ec;
    const bool made = std::filesystem::create_directories(folder, ec);
    if (ec) return no_folder(folder, ec.message());
    if (made) std::filesystem::permissions(folder, std::filesystem::perms::owner_all, ec);
    return unwritable(folder, folder);
}

std::string existing_folder(const std::string& folder) {
    std::error_code ec;
    std::filesystem::path at = std::filesystem::absolute(folder, ec);
    while (at.has_relative_path() && !std::filesystem::exists(std::filesystem::symlink_status(at, ec)))
        at = at.parent_path();
    return at.string();
}

std::optional<problem> check_state_folder(const std::string& folder) {
    const std::string there = existing_folder(folder);
    std::error_code ec;
    if (!std::filesystem::is_directory(there, ec)) return no_folder(folder, there + " is no folder");
    if (auto wrong = not_for_files(folder, there)) return wrong;
    return unwritable(folder, there);
}

}  // namespace freshet
