// freshet demo: the main job on this machine's own data, measured.
#pragma once

namespace freshet {

struct demo_options {
    bool json{false};
};

/// The exit status.
int demo(const demo_options& options);

}  // namespace freshet
