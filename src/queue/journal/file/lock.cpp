#include "queue/journal/file/lock.hpp"

#include "base/whole_number.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace freshet {

journal_lock::~journal_lock() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

result<journal_lock> journal_lock::take(const std::string& path) {
    const std::string name = path + ".lock";
    journal_lock lock(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (lock.descriptor_ < 0)
        return problem{errc::journal_path, effect::not_done,
                       fmt::format("the journal {} cannot be opened: its lock file {} cannot be written ({})", path,
                                   name, std::strerror(errno))};
    if (::flock(lock.descriptor_, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK)
            return problem{errc::journal_path, effect::not_done,
                           fmt::format("the journal {} cannot be opened: its file system gives no lock on {} ({})",
                                       path, name, std::strerror(errno))};
        char text[24]{};
        const auto size = ::pread(lock.descriptor_, text, sizeof text - 1, 0);
        std::string_view begin(text, size > 0 ? static_cast<std::size_t>(size) : 0);
        const auto pid = take_whole_number<pid_t>(begin);
        const std::string who = pid ? fmt::format(" (pid {})", *pid) : std::string();
        return problem{
            errc::journal_locked, effect::not_done,
            fmt::format("the journal {} is open in another process{}: stop that one, or use another path", path, who)};
    }
    const std::string pid = std::to_string(::getpid()) + "\n";
    // For people only; a full disk must not keep the journal from opening.
    if (::ftruncate(lock.descriptor_, 0) != 0 || ::pwrite(lock.descriptor_, pid.data(), pid.size(), 0) < 0) errno = 0;
    return lock;
}

result<void> check_journal_place(const std::string& path, bool allow_tmpfs, std::string folder) {
    const auto refuse = [&path](std::string_view why) {
        return problem{errc::journal_path, effect::not_done,
                       fmt::format("the journal {} cannot be opened: {}", path, why)};
    };
    if (path.empty() || path.back() == '/') return refuse("the path must name a file");
    if (folder.empty()) folder = std::filesystem::path(path).parent_path().string();
    if (folder.empty()) folder = ".";
    struct stat about {};
    if (::stat(folder.c_str(), &about) != 0)
        return refuse(fmt::format("its folder {} cannot be used ({}), it must exist", folder, std::strerror(errno)));
    if (!S_ISDIR(about.st_mode)) return refuse(fmt::format("{} is not a folder", folder));
    if (::access(folder.c_str(), W_OK | X_OK) != 0)
        return refuse(fmt::format("its folder {} is not writable ({})", folder, std::strerror(errno)));
    const bool exists = ::stat(path.c_str(), &about) == 0;
    if (exists && !S_ISREG(about.st_mode)) return refuse("it is not a regular file");
    if (exists && ::access(path.c_str(), R_OK | W_OK) != 0)
        return refuse(fmt::format("it is not writable ({})", std::strerror(errno)));
    for (const char* const beside : {"-wal", ".lock"}) {
        const std::string other = path + beside;
        if (::access(other.c_str(), F_OK) == 0 && ::access(other.c_str(), R_OK | W_OK) != 0)
            return refuse(fmt::format("{} is not writable ({})", other, std::strerror(errno)));
    }
    struct statfs system {};
    if (allow_tmpfs || ::statfs(exists ? path.c_str() : folder.c_str(), &system) != 0) return {};
    if (system.f_type == TMPFS_MAGIC || system.f_type == RAMFS_MAGIC)
        return refuse(
            "it would lie in memory (tmpfs) and survive no reboot; use a folder on a disk, or set allow_tmpfs = true");
    return {};
}

}  // namespace freshet
