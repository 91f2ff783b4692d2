#include "base/state_folder.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

namespace freshet {

namespace {

problem no_folder(const std::string& folder, const std::string& why) {
    return {errc::journal_path, effect::not_done,
            fmt::format("the state folder {} cannot be used: {} (choose another with --state)", folder, why)};
}

}  // namespace

std::optional<problem> make_state_folder(const std::string& folder) {
    std::error_code ec;
    const bool made = std::filesystem::create_directories(folder, ec);
    if (ec) return no_folder(folder, ec.message());
    if (made) std::filesystem::permissions(folder, std::filesystem::perms::owner_all, ec);
    if (::access(folder.c_str(), W_OK | X_OK) != 0)
        return no_folder(folder, std::error_code(errno, std::generic_category()).message());
    return {};
}

}  // namespace freshet
