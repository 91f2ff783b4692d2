// What all sessions of one shard share: buffers, calls, limits, figures. Own thread only, but for the figures.
#pragma once

#include "route/table.hpp"
#include "server/memory_relief.hpp"
#include "server/server_state.hpp"
#include "server/session_call.hpp"
#include "shard/free_list.hpp"
#include "shard/output.hpp"
#include "shard/reactor.hpp"
#include "shard/shard.hpp"

#include <cstddef>
#include <memory>

namespace freshet {

class session;

struct server_shard {
    static constexpr std::size_t scratch_max_bytes = std::size_t{1} << 20;  ///< more is sent before more is said
    static constexpr std::size_t unsent_max_bytes = std::size_t{4} << 20;   ///< of one session: it stops reading
    static constexpr std::size_t pending_max = 1024;                        ///< calls of one session: it stops reading
    /// A call that is not answered, with what those who have it keep of it: about so much.
    static constexpr std::size_t waiting_call_bytes = 2 * sizeof(session_call);
    /// What is longer and has not come whole is not waited for while memory is tight.
    static constexpr std::size_t tight_value_max_bytes = std::size_t{64} << 10;
    /// Of a get's long line, read while its client does not read the answers.
    static constexpr std::size_t line_max_bytes = std::size_t{32} << 20;

    server_shard(server_state& of, shard& on)
        : server(of),
          home(on),
          reactor(on.reactor()),
          memory(on.memory()),
          relief(on),
          routes(of.host.make_routes(on)),
          free_calls_(on) {}

    session_call* take_call() {
        constexpr std::size_t prefetch_ahead = 2;
        if (const session_call* const soon = free_calls_.ahead(prefetch_ahead)) soon->prefetch();
        return free_calls_.take().release();
    }
    void give_back(session_call* c) {
        c->reply.value.clear();
        c->reply.lent.reset();
        c->behind = nullptr;
        c->answered = false;
        free_calls_.give_back(std::unique_ptr<session_call>(c));
    }

    server_state& server;
    shard& home;
    freshet::reactor& reactor;
    memory_budget& memory;
    memory_relief relief;
    std::unique_ptr<route_table> routes;
    output scratch;  ///< what one session is just saying; empty between them
    connection_figures figures{};
    session* sessions{nullptr};  ///< linked list of all
    bool stopping{false};

private:
    free_list<session_call> free_calls_;
};

}  // namespace freshet
