// What a client's connection is doing, without the connection: the stages and what leads from one to the next.
#pragma once

#include <cstdint>

namespace freshet {

enum class session_stage : std::uint8_t {
    reading,
    stalled,  ///< over a limit: reads no more until there is room again
    ending,   ///< no more input is looked at; closes when all is said
    closed,   ///< lives on only until its calls are answered
};

enum class session_event : std::uint8_t {
    over_limit,
    room_again,
    input_over,     ///< the client has sent its last, asked to end, or is not understood; or the server stops
    all_said,       ///< nothing is unanswered or unsent
    socket_failed,  ///< or the server stops at once
};

constexpr session_stage next_stage(session_stage now, session_event what) noexcept {
    using enum session_stage;
    if (now == closed) return closed;
    switch (what) {
        case session_event::socket_failed: return closed;
        case session_event::input_over: return ending;
        case session_event::all_said: return now == ending ? closed : now;
        case session_event::over_limit: return now == reading ? stalled : now;
        case session_event::room_again: return now == stalled ? reading : now;
    }
    return now;
}

}  // namespace freshet
