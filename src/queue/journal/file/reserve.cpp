#include "queue/journal/file/reserve.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace freshet {

namespace {
constexpr long size_max = 64L << 20;
constexpr long size_min = 256L << 10;
}  // namespace

journal_reserve::journal_reserve(const std::string& journal_path) : path_(journal_path + ".reserve"), size_(size_max) {
    struct statvfs disk {};
    if (::statvfs(journal_path.c_str(), &disk) != 0) return;
    struct stat before {};
    if (::stat(path_.c_str(), &before) != 0) before.st_size = 0;
    const auto free = static_cast<long>(disk.f_bavail * disk.f_frsize) + before.st_size;
    size_ = std::clamp(free / 8, size_min, size_max);
    if (before.st_size > size_ && ::truncate(path_.c_str(), size_) != 0) errno = 0;
}

bool journal_reserve::take() noexcept {
    if (held_) return true;
    const int descriptor = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0) return false;
    held_ = ::posix_fallocate(descriptor, 0, size_) == 0;
    // Half of it would only be missing elsewhere.
    if (!held_ && ::ftruncate(descriptor, 0) != 0) errno = 0;
    ::close(descriptor);
    return held_;
}

void journal_reserve::release() noexcept {
    held_ = false;
    if (::truncate(path_.c_str(), 0) != 0) errno = 0;
}

}  // namespace freshet
