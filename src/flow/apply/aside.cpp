#include "flow/apply/aside.hpp"

#include <freshet/time.hpp>

#include "base/durable.hpp"
#include "flow/pauses.hpp"

#include <spdlog/spdlog.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

namespace freshet {

namespace {

std::string words(int code) { return std::error_code(code, std::generic_category()).message(); }

/// 0, or errno.
int write_down(const std::string& path, const std::string& server) {
    const std::string fresh = path + ".new";
    std::ofstream file(fresh, std::ios::trunc);
    file << server << ": changes for it were dropped; it is emptied before it is used\n";
    file.close();
    if (!file) return errno != 0 ? errno : EIO;
    return put_in_place(fresh, path);
}

}  // namespace

server_aside::server_aside(shard& home, store& pool, place where)
    : where_(std::move(where)),
      emptying_(
          home, pool, "server " + where_.name, [this] { emptied(); }, where_.name) {
    std::error_code ignored;
    aside_ = where_.of != nullptr && std::filesystem::exists(where_.file, ignored);
    if (!aside_) return;
    where_.of->put_aside(where_.at);
    spdlog::warn("server {}: changes for it were dropped before; it is emptied before it is used", where_.name);
}

server_aside::~server_aside() {
    if (aside_) where_.of->take_back(where_.at);
}

bool server_aside::put_aside(const std::string& label) {
    if (aside_) return true;
    if (where_.of == nullptr) return false;
    if (const int code = write_down(where_.file, where_.name); code != 0) {
        if (!std::exchange(said_, true))
            spdlog::error("{} is full, and its server cannot be set aside: {}: {}", label, where_.file, words(code));
        return false;
    }
    said_ = false;
    aside_ = true;
    where_.of->put_aside(where_.at);
    spdlog::error(
        "{} is full: what is in it, and what comes, is dropped, and server {} is not used before it is emptied", label,
        where_.name);
    return true;
}

void server_aside::empty() {
    if (!stopping_ && !emptying_.is_under_way()) emptying_.begin();
}

void server_aside::stop() {
    stopping_ = true;
    emptying_.stop();
}

void server_aside::emptied() {
    if (stopping_) return;  // nobody knows what was answered
    if (const int code = remove_for_good(where_.file); code != 0) {
        if (!std::exchange(said_, true))
            spdlog::error("server {} is empty, and not used yet: {} cannot be removed: {}", where_.name, where_.file,
                          words(code));
        return emptying_.begin(trouble_delay_max);
    }
    said_ = false;
    aside_ = false;
    where_.of->take_back(where_.at);
    spdlog::info("server {} was emptied, and is used again", where_.name);
}

}  // namespace freshet
