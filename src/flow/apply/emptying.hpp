// A store that is emptied, because some of what was to be done there is not known.
#pragma once

#include <freshet/time.hpp>

#include "flow/apply/flush.hpp"
#include "shard/shard.hpp"
#include "store/store.hpp"

#include <functional>
#include <string>

namespace freshet {

/// Asked again until each of its servers has done it. Own thread of a shard.
class emptying final : private ticker {
public:
    /// `who` begins its sentences in the log. `ended`: it is over, or was stopped and has its answer.
    emptying(shard& home, store& what, std::string who, std::function<void()> ended);
    ~emptying();
    emptying(const emptying&) = delete;
    emptying& operator=(const emptying&) = delete;

    void begin();
    /// It is not asked any more, nor told to be over.
    void stop();
    bool is_under_way() const noexcept { return wanted_ || flush_.is_asking(); }

private:
    void answered(bool emptied);
    void tick(steady::time_point now) override;
    void say_why_not() const;
    void ask_again(milliseconds pause);

    shard& home_;
    const std::string who_;
    const std::function<void()> ended_;
    flush flush_;
    bool wanted_{false}, ticking_{false};
    milliseconds pause_{0};  ///< that was made last because it has failed; 0: it has not
    steady::time_point again_{};
};

}  // namespace freshet
