// A store that is emptied, because some of what was to be done there is not known.
#pragma once

#include <freshet/time.hpp>

#include "call/call.hpp"
#include "call/step.hpp"
#include "shard/shard.hpp"
#include "store/store.hpp"

#include <functional>
#include <string>

namespace freshet {

/// Asked again until each of its servers has done it. Own thread of a shard.
class emptying final : private step, private ticker {
public:
    /// `who` begins its sentences in the log. `ended`: it is over, or was stopped and has its answer.
    emptying(shard& home, store& what, std::string who, std::function<void()> ended);
    ~emptying();
    emptying(const emptying&) = delete;
    emptying& operator=(const emptying&) = delete;

    void begin();
    /// It is not asked any more, nor told to be over.
    void stop();
    bool is_under_way() const noexcept { return wanted_ || asking_; }

private:
    bool on_reply(call& c) override;
    void tick(steady::time_point now) override;
    void ask();
    void take_answer();
    void ask_again(milliseconds pause);

    shard& home_;
    store& what_;
    const std::string who_;
    const std::function<void()> ended_;
    call asked_;
    bool wanted_{false}, asking_{false}, ticking_{false};
    milliseconds pause_{0};  ///< that was made last because it has failed; 0: it has not
    steady::time_point again_{};
};

}  // namespace freshet
