#include "queue/subscription_record.hpp"

#include "base/owned_descriptor.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>
#include <utility>

namespace freshet {

namespace {

constexpr std::string_view known_line = "known: there is a subscription to this queue\n";
constexpr std::string_view lost_line =
    "lost: the subscription to this queue was gone, and its store is not emptied yet\n";

bool write_whole(const std::string& path, std::string_view text) {
    const owned_descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    return file.get() >= 0 && ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
           ::fsync(file.get()) == 0;
}

bool sync_folder(const std::string& path) {
    const owned_descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return folder.get() >= 0 && ::fsync(folder.get()) == 0;
}

}  // namespace

subscription_record::subscription_record(std::string path) : path_(std::move(path)) {
    std::error_code ec;
    if (!std::filesystem::exists(path_, ec) && !ec) return;
    std::ifstream file(path_);
    std::string word;
    file >> word;
    is_ = word == "lost:" ? state::lost : state::known;
}

std::string subscription_record::write(state s) {
    if (!path_.empty()) {
        const std::string fresh = path_ + ".new";
        const bool kept = write_whole(fresh, s == state::lost ? lost_line : known_line) &&
                          std::rename(fresh.c_str(), path_.c_str()) == 0 &&
                          sync_folder(std::filesystem::path(path_).parent_path().string());
        if (!kept)
            return fmt::format("its file {} cannot be written: {}", path_,
                               std::error_code(errno, std::generic_category()).message());
    }
    is_ = s;
    return {};
}

}  // namespace freshet
