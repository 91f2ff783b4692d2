#include "flow/apply/aside.hpp"

#include <freshet/error.hpp>

#include "base/durable.hpp"
#include "base/escape.hpp"
#include "flow/pauses.hpp"
#include "protocol/reply.hpp"
#include "protocol/request.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <new>
#include <system_error>
#include <utility>

namespace freshet {

namespace {

constexpr seconds write_again_after{1}, say_again_after{600};

std::string words(int code) { return std::error_code(code, std::generic_category()).message(); }

}  // namespace

server_aside::server_aside(shard& home, store& pool, place where) : home_(home), pool_(pool), where_(std::move(where)) {
    asked_.home = &home_;
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
    try {
        const int code =
            put_text(where_.name + ": changes for it were dropped; it is emptied before it is used\n", where_.file);
        if (code != 0 && can_say_again())
            spdlog::error("{} is full, and its server cannot be set aside: {}: {}", label, where_.file, words(code));
        return code == 0;
    } catch (const std::bad_alloc&) {
        return false;
    }
}

bool server_aside::cross_out() {
    try {
        const int code = remove_for_good(where_.file);
        if (code != 0 && can_say_again())
            spdlog::error("server {} is empty, and not used yet: {} cannot be removed: {}", where_.name, where_.file,
                          words(code));
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
    if (stopping_) return;
    asked_.request = {};
    asked_.request.command = command::flush_all;
    asked_.request.key = where_.name;
    asked_.reply.reset();
    asked_.now = home_.now();
    asking_ = true;
    try {
        start(pool_, asked_, *this);
    } catch (const std::bad_alloc&) {
        if (!asking_) return;
        asked_.pop();  // nobody has it
        ask_later();
    }
}

bool server_aside::on_reply(call&) {
    const reply& said = asked_.reply;
    const bool emptied = said.outcome == outcome::text && said.data() == "OK\r\n";
    if (stopping_ || !emptied || !cross_out()) {
        if (!stopping_ && said.outcome == outcome::text && !emptied && can_say_again())
            spdlog::error("server {} is not emptied, it says {}; trying again", where_.name, escaped(said.data()));
        ask_later();
        return false;
    }
    asking_ = aside_ = false;
    say_at_ = {};
    where_.of->take_back(where_.at);
    spdlog::info("server {} was emptied, and is used again", where_.name);
    return false;
}

void server_aside::ask_later() {
    asking_ = false;
    pause_ = std::clamp(pause_ * 2, trouble_delay_min, trouble_delay_max);
    ask_at_ = home_.now() + pause_;
}

}  // namespace freshet
