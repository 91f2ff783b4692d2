// What belongs to one client's connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace freshet {

class queue;

/// What belongs to one client's connection and outlives a call.
struct client_state {
    struct open_delivery {
        freshet::queue* queue;
        std::uint64_t number;
    };
    std::vector<open_delivery> open;  ///< deliveries taken with /open, oldest first
    std::size_t opening{0};           ///< /open calls under way: what settles waits for them
    std::size_t held{0};              ///< calls that wait so
    bool gone{false};                 ///< the client has left; whoever waits for its sake may stop
    bool close_asked{false};          ///< close the connection behind the replies (a lost noreply publish)
};

}  // namespace freshet
