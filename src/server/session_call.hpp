// A call of a session, in its order of replies.
#pragma once

#include "call/call.hpp"

#include <cstddef>

namespace freshet {

struct session_call final : client_call {
    std::size_t kept_bytes() const noexcept { return reply.value.capacity(); }
    void release_memory() noexcept { reply.value.release(); }

    session_call* behind{nullptr};
    bool answered{false};
};

}  // namespace freshet
