// What is asked of a queue: to take a message in, to hand some out, to settle one. Each is an operation (see
// shard/operation.hpp): lent to the queue, answered within itself, and home once.
#pragma once

#include <freshet/error.hpp>
#include <freshet/message.hpp>
#include <freshet/time.hpp>

#include "shard/operation.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace freshet {

/// One message on its way in; home once it is durable, or refused.
struct publication : operation {
    enum class outcome : std::uint8_t { confirmed, duplicate, failed };

    freshet::message message;
    bool unique{false};     ///< refuse an id that was accepted within `dedupe`: outcome::duplicate
    bool passed_on{false};  ///< it was published before, elsewhere, and keeps that time
    publication::outcome outcome{outcome::failed};
    failure why{};  ///< of outcome::failed
};

/// A message that was handed out: a lease of ack_timeout, not tied to a connection.
struct delivery {
    freshet::message message;
    std::uint64_t number{0};  ///< names it to settle(); unique in its queue, also over restarts; never 0
    bool redelivered{false};  ///< it may have been handed out before
};

/// Asks for messages; home with those there are, at the latest after `wait`.
struct reception : operation {
    std::size_t max{1};          ///< at most so many
    milliseconds wait{0};        ///< until one comes; 0: only what is there now; milliseconds::max(): until cancel()
    bool settle_at_once{false};  ///< acknowledged as they are handed out: at most once
    bool exhausted_too{
        false};  ///< also those with no attempts left (attempt > max_attempts); else they are dead-lettered
    bool history_made_up{false};       ///< the loss that the one before told of is made up for: it may be forgotten
    std::vector<delivery> deliveries;  ///< the answer; empty: nothing came
    /// Some of what the queue was told before these deliveries is gone, and was never handed out. Said again, by later
    /// processes too, until history_made_up. Of queues of changes only.
    bool history_lost{false};
    std::optional<failure> why;   ///< nothing could be received
    std::uint64_t times_lent{0};  ///< the queue's own: which time a cancel() is about
};

/// A flow's result, kept beside the queue so that a memory store finds it again after a crash.
struct kept_result {
    std::string store;
    std::string key;
    std::string value;
    std::uint32_t flags{0};
    wall::time_point expires{};  ///< 1970: never
    std::uint64_t version{0};    ///< of a store whose writes every site is told of; else 0
    bool error{false};           ///< an error result: never replaces a good one
    bool replaces{false};        ///< whatever there was is gone where it is used
};

/// What becomes of a delivery; home once that is durable.
struct settlement : operation {
    enum class action : std::uint8_t {
        ack,      ///< done: it is gone
        retry,    ///< again after `delay`, in its old place; with no attempts left it is dead-lettered
        dead,     ///< to the dead letters, with `reason`
        renew,    ///< the lease begins anew
        release,  ///< again after `delay`, in its old place: nobody has worked on it, and no attempt is counted
    };
    enum class outcome : std::uint8_t { done, unknown, failed };  ///< unknown: no such delivery (settled already)

    settlement::action action{action::ack};
    std::uint64_t number{0};
    unsigned attempt{
        0};  ///< only while this delivery's lease lasts, which was the attempt with this number; 0: whichever
    milliseconds delay{0};
    std::string reason;
    std::optional<kept_result> keep;  ///< ack, dead: written in the same transaction; left as it is
    settlement::outcome outcome{outcome::failed};
    failure why{};
};

}  // namespace freshet
