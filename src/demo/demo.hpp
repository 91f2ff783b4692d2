// freshet demo: the main job on this machine's own data, measured.
#pragma once

#include "demo/sites/link.hpp"

#include <optional>
#include <string>
#include <vector>

namespace freshet {

struct demo_options {
    bool json{false};
    std::vector<std::string> store{};  ///< URLs of memcached servers that hold the values; none: memory
    std::vector<std::string> queue{};  ///< URLs of a broker that has the tasks, which needs a `store`; none: a journal
    /// URLs of the memcached servers of another site on that broker; none: there are no sites.
    std::vector<std::string> other_site{};
    std::optional<demonstration::link_setting> link{};  ///< of the other site
};

/// The exit status. `options` are as wrong_pool() and wrong_queue() want them.
int demo(const demo_options& options);

}  // namespace freshet
