// What a command about queues is told.
#pragma once

#include "queue/journal/journal.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace freshet {

struct command_answer {
    bool done{false};    ///< false: the text says why not
    std::string text{};  ///< lines for a person, or one line of JSON
};

/// That none of them has a queue of that name, and some of those that they have.
command_answer no_such_queue(std::string_view name, const std::vector<journal*>& journals);

}  // namespace freshet
