// The end of a queue that clients have made, asked for by an operator.
#pragma once

#include <freshet/error.hpp>

#include "queue/queue.hpp"
#include "shard/operation.hpp"

#include <optional>
#include <string>

namespace freshet {

/// Lent to a journal; home once it is durable.
struct drop_request : operation {
    enum class outcome : std::uint8_t {
        dropped,
        unknown,     ///< there is no queue of that name
        configured,  ///< it was opened by its name, and stays
        not_empty,   ///< and not to be dropped with all that it has
    };

    std::string queue;
    bool with_all{false};  ///< also with messages, dead letters, and ids that `add` remembers
    drop_request::outcome outcome{outcome::unknown};
    queue_figures figures{};  ///< what it had
    bool remembers{false};    ///< ids
    std::optional<failure> why;
    queue_ptr held{};  ///< the journal's own
};

}  // namespace freshet
