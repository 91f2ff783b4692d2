// What has become of results that a journal keeps, where they are used.
#pragma once

#include <freshet/error.hpp>
#include <freshet/time.hpp>

#include "shard/operation.hpp"

#include <optional>
#include <string>
#include <vector>

namespace freshet {

/// Lent to a journal; home once it is durable.
struct result_changes : operation {
    struct change {
        std::string key;
        std::optional<wall::time_point> expires;  ///< the new time, 1970: never; nothing: it is gone
    };
    std::string store;            ///< of all of them
    std::vector<change> changes;  ///< not many: they are one transaction's
    std::optional<errc> why;      ///< nothing: done
};

}  // namespace freshet
