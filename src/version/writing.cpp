#include "version/writing.hpp"

namespace freshet {

void writing::take(writing_event e) noexcept {
    if (e == writing_event::changed) step_ = writing_step::look;
    else if (e == writing_event::refused) step_ = writing_step::answer;
    else step_ = behind(step_);
}

writing_step writing::behind(writing_step s) const noexcept {
    const bool blind = kind_ == writing_kind::blind;
    switch (s) {
        case writing_step::look: return writing_step::number;
        case writing_step::number: return blind ? writing_step::tell : writing_step::put;
        case writing_step::put: return writing_step::tell;
        case writing_step::tell: return blind ? writing_step::apply : writing_step::answer;
        case writing_step::apply:
        case writing_step::answer: break;
    }
    return writing_step::answer;
}

}  // namespace freshet
