#include "version/apply.hpp"

namespace freshet {

application::application(const change& what, version end, bool expected) noexcept : what_(what), end_(end) {
    if (!is_set() || expected) return;
    step_ = applying_step::put_anew;
    if (what.previous == 0 || what.version <= what.previous) return;
    seen_ = what.previous;
    step_ = applying_step::put_over;
}

std::optional<applying_step> application::step(bool outlived) noexcept {
    outlived_ = outlived;
    const bool puts = step_ == applying_step::put_anew || step_ == applying_step::put_over;
    if (outlived && puts) step_ = applying_step::look;
    return over_ ? std::nullopt : std::optional(step_);
}

void application::end(applied how) noexcept {
    over_ = true;
    result_ = how;
}

void application::take(applying_answer a, version found) noexcept {
    using answer = applying_answer;
    switch (step_) {
        case applying_step::look: return looked(a, found);
        case applying_step::put_over:
            if (a == answer::done) return end(applied::yes);
            return go_on(a == answer::absent ? applying_step::put_anew : applying_step::look);
        case applying_step::put_anew:
        case applying_step::bury:
            if (a == answer::done) return end(applied::yes);
            return go_on(applying_step::look);
        case applying_step::mark: return go_on(a == answer::done ? applying_step::bury_mark : applying_step::look);
        case applying_step::bury_mark: return end(applied::yes);  // whoever was faster has seen the mark
        case applying_step::remove_older:
            if (a == answer::changed) return go_on(applying_step::look);
            return end(applied::too_old);
    }
}

void application::looked(applying_answer a, version found) noexcept {
    if (a == applying_answer::absent) {
        if (is_set() && outlived_) return end(applied::too_old);
        return go_on(is_set() ? applying_step::put_anew : applying_step::mark);
    }
    seen_ = found;
    // Programs whose messages have a time in whole seconds give one version twice. Of a set and a delete, at whatever
    // site and in whatever order, it is the delete that stays.
    const bool deletes_equal = found == what_.version && !is_set() && (is_of_a_time(found) || what_.over_its_own);
    if (found < end_ && found >= what_.version && !deletes_equal) return end(applied::not_newer);
    if (!is_set()) return go_on(applying_step::bury);
    go_on(outlived_ ? applying_step::remove_older : applying_step::put_over);
}

}  // namespace freshet
