// Dead letters, and what can be asked of them.
#pragma once

#include <freshet/error.hpp>
#include <freshet/message.hpp>
#include <freshet/time.hpp>

#include "shard/operation.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace freshet {

struct dead_letter {
    std::string queue;
    std::uint64_t number{0};
    freshet::message message;
    std::string reason;
    wall::time_point died{};
};

/// Reads and moves dead letters.
struct dead_request : operation {
    enum class action : std::uint8_t { list, replay, drop };
    dead_request::action action{action::list};
    std::string queue;                   ///< empty: of all queues
    std::vector<std::uint64_t> numbers;  ///< empty: all
    std::size_t max{100};                ///< list: at most so many, oldest first
    std::vector<dead_letter> letters;    ///< list: the answer
    std::uint64_t count{0};              ///< how many there are (list) or were moved
    std::optional<failure> why;
};

}  // namespace freshet
