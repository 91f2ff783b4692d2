#include "flow/apply/aside.hpp"

#include "base/durable.hpp"
#include "base/escape.hpp"
#include "flow/pauses.hpp"
#include "protocol/reply.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <new>
#include <system_error>
#include <utility>

namespace freshet {

namespace {

constexpr seconds write_again_after{1}, say_again_after{600};

}  // namespace

server_aside::server_aside(shard& home, store& pool, place where)
    : home_(home),
      where_(std::move(where)),
      flush_(home, pool, where_.name, [this](bool emptied) { answered(emptied); }) {
    if (where_.of == nullptr) return;
    std::error_code unknown;
    aside_ = std::filesystem::exists(where_.file, unknown) || unknown;
    if (!aside_) return;
    where_.of->put_aside(where_.at);
    spdlog::warn("server {}: changes for it were dropped before; it is emptied before it is used", where_.name);
}

server_aside::~server_aside() {
    if (aside_) where_.of->take_back(where_.at);
}

bool server_aside::put_aside(const std::string& label) {
    if (aside_ || where_.of == nullptr) return drops();
    if (home_.now() < write_at_) return false;
    write_at_ = home_.now() + write_again_after;
    if (!write_down(label)) return false;
    aside_ = true;
    where_.of->put_aside(where_.at);
    pause_ = {};
    ask_at_ = home_.now() + where_.over_after;
    spdlog::error(
        "{} is full: what is in it, and what comes, is dropped, and server {} is not used before it is emptied", label,
        where_.name);
    return true;
}

bool server_aside::write_down(const std::string& label) {
    return is_on_disk(
        [this] {
            return put_text(where_.name + ": changes for it were dropped; it is emptied before it is used\n",
                            where_.file);
        },
        label, "is full, and its server cannot be set aside");
}

bool server_aside::cross_out() {
    return is_on_disk([this] { return remove_for_good(where_.file); }, where_.name,
                      "is empty, and not used yet, as it is still written down");
}

template <class Change>
bool server_aside::is_on_disk(Change change, std::string_view who, std::string_view is_what) {
    try {
        const int code = change();
        if (code != 0 && can_say_again())
            spdlog::error("{} {}: {}: {}", who, is_what, where_.file,
                          std::error_code(code, std::generic_category()).message());
        return code == 0;
    } catch (const std::bad_alloc&) {
        return false;
    }
}

bool server_aside::can_say_again() {
    if (home_.now() < say_at_) return false;
    say_at_ = home_.now() + say_again_after;
    return true;
}

void server_aside::empty() {
    if (!stopping_) flush_.ask();
}

/// It is due again before anything is said, which may fail.
void server_aside::answered(bool emptied) {
    if (stopping_ || !emptied || !cross_out()) {
        ask_later();
        const reply& said = flush_.said();
        if (!stopping_ && !emptied && said.outcome == outcome::text && can_say_again())
            spdlog::error("server {} is not emptied, it says {}; trying again", where_.name, escaped(said.data()));
        return;
    }
    aside_ = false;
    say_at_ = {};
    where_.of->take_back(where_.at);
    spdlog::info("server {} was emptied, and is used again", where_.name);
}

void server_aside::ask_later() {
    pause_ = std::clamp(pause_ * 2, trouble_delay_min, trouble_delay_max);
    ask_at_ = home_.now() + pause_;
}

}  // namespace freshet
