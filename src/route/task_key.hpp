// What stands behind a queue route's prefix: nothing, "#id", or "/verb" once or more.
#pragma once

#include <freshet/time.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace freshet {

struct task_key {
    std::string_view id{};    ///< of "#id"
    bool open{false};         ///< take one, as a lease
    bool close{false};        ///< acknowledge the connection's oldest open one
    bool abort{false};        ///< give that one back
    milliseconds wait{0};     ///< "t=<ms>": wait so long for one, at most task_wait_max
    std::uint64_t number{0};  ///< "/<number>": a delivery's

    bool plain() const noexcept { return id.empty() && !open && !close && !abort && number == 0 && wait.count() == 0; }
};

inline constexpr milliseconds task_wait_max{60'000};

/// Nothing: not a form that exists.
std::optional<task_key> parse_task_key(std::string_view rest) noexcept;

}  // namespace freshet
