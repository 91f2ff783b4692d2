// Which server of a pool a key belongs to. The servers' names, ports, weights and order decide it, so a pool's keys
// stay where they are over restarts, and clients that place keys themselves find them.
#pragma once

#include <freshet/config.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace freshet {

class placement {
public:
    virtual ~placement() = default;
    /// The server's position in the pool. Any thread may ask.
    virtual std::size_t server_of(std::string_view key) const noexcept = 0;
};

/// `servers` is not empty. `hash_tag` is empty or two characters, as "{}": then of a key that has the first, and behind
/// it the second, only what stands between them decides, unless that is nothing (as in twemproxy).
std::unique_ptr<placement> make_placement(placement_kind kind, const std::vector<server_address>& servers,
                                          std::string_view hash_tag);

}  // namespace freshet
