#include "base/durable.hpp"

#include "base/owned_descriptor.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>

namespace freshet {

namespace {

int sync_folder_of(const std::string& path) {
    const std::string folder = std::filesystem::path(path).parent_path().string();
    return sync_path(folder.empty() ? "." : folder, O_DIRECTORY);
}

}  // namespace

int sync_path(const std::string& path, int flags) {
    const owned_descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | flags));
    return file.get() >= 0 && ::fsync(file.get()) == 0 ? 0 : errno;
}

int put_in_place(const std::string& fresh, const std::string& path) {
    if (const int code = sync_path(fresh); code != 0) return code;
    if (std::rename(fresh.c_str(), path.c_str()) != 0) return errno;
    return sync_folder_of(path);
}

int remove_for_good(const std::string& path) {
    if (std::remove(path.c_str()) != 0 && errno != ENOENT) return errno;
    return sync_folder_of(path);
}

}  // namespace freshet
