// freshet demo: the main job on this machine's own data, measured.
#pragma once

#include <string>
#include <vector>

namespace freshet {

struct demo_options {
    bool json{false};
    std::vector<std::string> store{};  ///< URLs of memcached servers that hold the values; none: memory
};

/// The exit status. `options.store` is as wrong_pool() wants it.
int demo(const demo_options& options);

}  // namespace freshet
