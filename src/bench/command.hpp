// The options of `freshet bench`; includes no CLI11.
#pragma once

#include <freshet/config.hpp>

#include "bench/options.hpp"

namespace CLI {
class App;
}

namespace freshet {

/// `freshet bench ADDR` and `freshet bench queue ADDR`.
class bench_command {
public:
    void add_to(CLI::App& app);

    bool is_meant() const;
    /// The exit status.
    int run();

private:
    CLI::App* cache_{nullptr};
    CLI::App* queue_{nullptr};
    load::cache_options cache_options_{};
    load::queue_options queue_options_{};
};

void add_queue_load_options(CLI::App& to, load::queue_options& options);

}  // namespace freshet
