// freshet demo: the main job on this machine's own data, measured.
#pragma once

#include <string>
#include <vector>

namespace freshet {

struct demo_options {
    bool json{false};
    std::vector<std::string> store{};  ///< URLs of memcached servers that hold the values; none: memory
    std::vector<std::string> queue{};  ///< URLs of a broker that has the tasks, which needs a `store`; none: a journal
};

/// The exit status. `options` are as wrong_pool() and wrong_queue() want them.
int demo(const demo_options& options);

}  // namespace freshet
