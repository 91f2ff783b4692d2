// What a process remembers of its subscription to a queue of changes: that it was there. A queue that is made anew, or
// a group that a broker has forgotten, is known by it. Own thread only.
#pragma once

#include <string>

namespace freshet {

class subscription_record {
public:
    enum class state {
        none,   ///< there was no subscription yet
        known,  ///< there was one
        lost,   ///< there was one and it was gone: that is not made up for yet
    };

    /// Of a process whose store ends with it: nothing is kept, and nothing can have been missed before.
    subscription_record() = default;
    /// What the file says; nothing: there is none. What cannot be read as such says `known`. `to`: what it is to, as
    /// the broker calls it.
    subscription_record(std::string path, std::string to);

    state is() const noexcept { return is_; }
    /// The file is of a subscription to something else, which is called so. Empty: it is not.
    const std::string& other() const noexcept { return other_; }
    /// On the disk when it returns, which takes as long as a sync. Empty: it is; or why not, a sentence.
    std::string write(state s);
    /// The broker cannot be asked. Where nothing is kept, what is missed from now on counts.
    void cut_off() noexcept {
        if (path_.empty() && is_ == state::none) is_ = state::known;
    }

private:
    std::string path_{}, to_{}, other_{};
    state is_{state::none};
};

}  // namespace freshet
