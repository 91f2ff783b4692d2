// A call of a session, in its order of replies.
#pragma once

#include "call/call.hpp"

namespace freshet {

struct session_call final : client_call {
    session_call* behind{nullptr};
    bool answered{false};

    void forget_answer() {
        reply.value.release();
        reply.lent.reset();
    }
};

}  // namespace freshet
