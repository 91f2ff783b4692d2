#include "base/durable.hpp"

#include "base/owned_descriptor.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <filesystem>

namespace freshet {

namespace {

int write_whole(const std::string& path, std::string_view text) {
    const owned_descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (file.get() < 0) return errno;
    const ssize_t written = ::write(file.get(), text.data(), text.size());
    if (written < 0) return errno;
    return static_cast<std::size_t>(written) == text.size() ? 0 : ENOSPC;
}

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

int put_text(std::string_view text, const std::string& path) {
    const std::string fresh = path + ".new";
    if (const int code = write_whole(fresh, text); code != 0) return code;
    return put_in_place(fresh, path);
}

int remove_for_good(const std::string& path) {
    if (std::remove(path.c_str()) != 0 && errno != ENOENT) return errno;
    return sync_folder_of(path);
}

}  // namespace freshet
