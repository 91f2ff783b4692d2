#include "queue/journal/loss/place.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

namespace freshet {

kept_place::kept_place(std::string path) : path_(std::move(path)), file_(::open(path_.c_str(), O_RDONLY | O_CLOEXEC)) {}

bool kept_place::is_kept() const {
    struct stat opened {
    }, there{};
    if (!is_open() || ::fstat(file_.get(), &opened) != 0) return true;  // nothing can be said
    if (::stat(path_.c_str(), &there) != 0) return errno != ENOENT && errno != ENOTDIR;
    return there.st_ino == opened.st_ino && there.st_dev == opened.st_dev;
}

}  // namespace freshet
