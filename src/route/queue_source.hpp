// Where a route's queue comes from.
#pragma once

#include <freshet/error.hpp>

#include "queue/journal/journal.hpp"
#include "queue/queue.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace freshet {

/// Where a route's queue comes from: one, or one for each name behind the prefix.
class queue_source {
public:
    virtual ~queue_source() = default;
    /// The queue that `rest` of a key names (what stands behind the prefix); `rest` loses the name. Null: none of that
    /// name, or `why` says what is wrong: errc::refused for a name that cannot be one.
    virtual queue_ptr find(std::string_view& rest, bool make, failure& why) = 0;
};

std::unique_ptr<queue_source> one_queue(queue& q);
/// The queue that the rest of the key names: one of `known`, wherever it is kept, or one of the journal, made if need
/// be. `known` lives as long as the source.
std::unique_ptr<queue_source> any_queue(journal& j, const std::map<std::string, queue*, std::less<>>& known);

}  // namespace freshet
