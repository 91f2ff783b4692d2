// Work whose failure is its own affair.
#pragma once

#include <spdlog/spdlog.h>

#include <exception>
#include <string_view>

namespace freshet {

/// What is thrown is the end of this piece of work, and of nothing else: the log says so. `then`: begins the line.
template <class Work>
void guarded(std::string_view then, Work work) {
    try {
        work();
    } catch (const std::exception& why) {
        spdlog::error("{}: {}", then, why.what());
    }
}

}  // namespace freshet
