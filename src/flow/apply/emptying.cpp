#include "flow/apply/emptying.hpp"

#include <freshet/error.hpp>

#include "base/escape.hpp"
#include "flow/pauses.hpp"
#include "protocol/reply.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace freshet {

emptying::emptying(shard& home, store& what, std::string who, std::function<void()> ended)
    : home_(home),
      who_(std::move(who)),
      ended_(std::move(ended)),
      flush_(home, what, {}, [this](bool emptied) { answered(emptied); }) {}

emptying::~emptying() {
    if (ticking_) home_.remove(*this);
}

void emptying::begin() {
    wanted_ = true;
    pause_ = {};
    flush_.ask();
}

void emptying::stop() {
    wanted_ = false;
    if (std::exchange(ticking_, false)) home_.remove(*this);
}

void emptying::answered(bool emptied) {
    if (wanted_ && emptied) wanted_ = false;
    if (wanted_) {
        const bool first = pause_.count() == 0;
        pause_ = std::clamp(pause_ * 2, trouble_delay_min, trouble_delay_max);
        ask_again(pause_);
        if (first) say_why_not();
    }
    if (!is_under_way()) ended_();
}

void emptying::say_why_not() const {
    const reply& said = flush_.said();
    if (said.outcome == outcome::failed)
        spdlog::warn("{}: it is not emptied yet, {} {}; trying again", who_, said.why.subject, explain(said.why.code));
    else spdlog::warn("{}: it is not emptied yet, a server said {}; trying again", who_, escaped(said.data()));
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
    flush_.ask();
}

}  // namespace freshet
