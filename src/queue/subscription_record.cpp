#include "queue/subscription_record.hpp"

#include "base/durable.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>
#include <utility>

namespace freshet {

namespace {

constexpr std::string_view known_line = "known: there is a subscription to {}\n",
                           lost_line = "lost: the subscription to {} was gone, and its store is not emptied yet\n";

/// What the line is about; empty: it does not say.
std::string name_in(std::string_view line) {
    constexpr std::string_view before = " subscription to ", behind = " was gone, ";
    const std::size_t begin = line.find(before);
    if (begin == line.npos) return {};
    line.remove_prefix(begin + before.size());
    return std::string(line.substr(0, line.find(behind)));
}

}  // namespace

subscription_record::subscription_record(std::string path, std::string to)
    : path_(std::move(path)), to_(std::move(to)) {
    std::error_code ec;
    if (!std::filesystem::exists(path_, ec) && !ec) return;
    std::ifstream file(path_);
    std::string line;
    std::getline(file, line);
    is_ = line.starts_with("lost:") ? state::lost : state::known;
    const std::string name = name_in(line);
    if (name != to_) other_ = name;
}

std::string subscription_record::write(state s) {
    if (!path_.empty()) {
        const int code = put_text(fmt::format(fmt::runtime(s == state::lost ? lost_line : known_line), to_), path_);
        if (code != 0)
            return fmt::format("its file {} cannot be written: {}", path_,
                               std::error_code(code, std::generic_category()).message());
    }
    is_ = s;
    return {};
}

}  // namespace freshet
