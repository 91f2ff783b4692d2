#include "flow/apply/emptying.hpp"

#include <freshet/error.hpp>

#include "base/escape.hpp"
#include "flow/pauses.hpp"
#include "protocol/reply.hpp"
#include "protocol/request.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <new>
#include <utility>

namespace freshet {

emptying::emptying(shard& home, store& what, std::string who, std::function<void()> ended)
    : home_(home), what_(what), who_(std::move(who)), ended_(std::move(ended)) {
    asked_.home = &home_;
}

emptying::~emptying() {
    if (ticking_) home_.remove(*this);
}

void emptying::begin() {
    wanted_ = true;
    pause_ = {};
    ask();
}

void emptying::stop() {
    wanted_ = false;
    if (std::exchange(ticking_, false)) home_.remove(*this);
}

void emptying::ask() {
    asked_.request = {};
    asked_.request.command = command::flush_all;
    asked_.reply.reset();
    asked_.now = home_.now();
    asking_ = true;
    try {
        start(what_, asked_, *this);
    } catch (const std::bad_alloc&) {  // before anybody has it
        asked_.pop();
        asking_ = false;
        ask_again(trouble_delay_min);
    }
}

bool emptying::on_reply(call&) {
    asking_ = false;
    if (wanted_) take_answer();
    if (!is_under_way()) ended_();
    return false;
}

void emptying::take_answer() {
    const reply& said = asked_.reply;
    if (said.outcome == outcome::text && said.data() == "OK\r\n") {
        wanted_ = false;
        return;
    }
    if (pause_.count() == 0) {
        if (said.outcome == outcome::failed)
            spdlog::warn("{}: it is not emptied yet, {} {}; trying again", who_, said.why.subject,
                         explain(said.why.code));
        else spdlog::warn("{}: it is not emptied yet, a server said {}; trying again", who_, escaped(said.data()));
    }
    pause_ = std::clamp(pause_ * 2, trouble_delay_min, trouble_delay_max);
    ask_again(pause_);
}

void emptying::ask_again(milliseconds pause) {
    again_ = home_.now() + pause;
    ticking_ = true;
    home_.add(*this);
}

void emptying::tick(steady::time_point now) {
    if (now < again_) return;
    ticking_ = false;
    home_.remove(*this);
    ask();
}

}  // namespace freshet
