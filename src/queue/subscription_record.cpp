#include "queue/subscription_record.hpp"

#include "base/durable.hpp"
#include "base/owned_descriptor.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
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

/// 0, or errno.
int write_whole(const std::string& path, std::string_view text) {
    const owned_descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (file.get() < 0) return errno;
    const ssize_t written = ::write(file.get(), text.data(), text.size());
    if (written < 0) return errno;
    return static_cast<std::size_t>(written) == text.size() ? 0 : ENOSPC;
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
        int code = write_whole(fresh, s == state::lost ? lost_line : known_line);
        if (code == 0) code = put_in_place(fresh, path_);
        if (code != 0)
            return fmt::format("its file {} cannot be written: {}", path_,
                               std::error_code(code, std::generic_category()).message());
    }
    is_ = s;
    return {};
}

}  // namespace freshet
