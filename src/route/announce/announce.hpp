// A route that tells every site what its clients write: writes go to the store behind it and, as changes, to a
// queue, in the order of version/writing.hpp.
#pragma once

#include <freshet/time.hpp>

#include "queue/queue.hpp"
#include "shard/shard.hpp"
#include "store/store.hpp"
#include "version/kept_clock.hpp"

#include <cstddef>
#include <memory>
#include <string>

namespace freshet {

struct announce_options {
    std::string site;
    seconds tombstone{600};
    std::size_t item_size_max_bytes{std::size_t{1} << 20};
    bool patient{false};  ///< a write is answered when it is over; else it is maybe_done after confirm_within
};

/// What reads it shows deleted keys as misses. Own thread only; what it is given outlives it.
std::unique_ptr<store> make_announce_store(shard& home, store& behind, queue& to, kept_clock& clock,
                                           announce_options options);

}  // namespace freshet
