// A client's write on a key whose changes are told to every site: what to do next, from what has happened. No store, no
// queue, no time.
#pragma once

#include <cstdint>

namespace freshet {

enum class writing_kind : std::uint8_t {
    blind,        ///< set, delete: whatever is there
    conditional,  ///< add, replace, cas, incr, decr, append, prepend: what comes of it hangs on what is there
};

enum class writing_step : std::uint8_t {
    look,    ///< at what the store has: a blind one at its version, a conditional one at the value
    number,  ///< takes a version above the one that was seen
    tell,    ///< appends the change to the queue, until it is confirmed
    apply,   ///< a blind one: into the store, if it is newer than what is there (application)
    put,     ///< a conditional one: over the version that was seen, or where nothing is
    answer,  ///< the client
};

enum class writing_event : std::uint8_t {
    done,     ///< what was to be done
    refused,  ///< by what is there: a conditional write comes to nothing, and a change is too old to be applied
    changed,  ///< the store has another version than the one that was seen
};

/// A blind write is told before it is applied: whoever crashes between the two has told it, and all sites apply it,
/// this one too. A conditional one is applied first: only what won is told. A crash between the two leaves this site
/// ahead until the key's next write; its client had no answer.
class writing {
public:
    explicit writing(writing_kind kind) noexcept : kind_(kind) {}

    writing_step step() const noexcept { return step_; }
    void take(writing_event e) noexcept;

private:
    writing_step behind(writing_step s) const noexcept;

    writing_kind kind_;
    writing_step step_{writing_step::look};
};

}  // namespace freshet
