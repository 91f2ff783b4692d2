// What `freshet dead` asks and is told, the same whether a server answers or the program opens the journals itself.
#pragma once

#include "admin/answer.hpp"
#include "queue/journal/journal.hpp"
#include "shard/shard.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace freshet {

enum class dead_verb : std::uint8_t { list, replay, drop };

struct dead_command {
    dead_verb verb{dead_verb::list};
    std::string queue{};                   ///< empty: all queues
    std::vector<std::uint64_t> numbers{};  ///< empty: all
    std::size_t max{100};                  ///< list: at most so many
    bool json{false};
};

/// One line without its end: "VERB QUEUE|* MAX json|text [NUMBER]...".
std::string to_line(const dead_command& c);
/// Nothing: no such line.
std::optional<dead_command> parse_dead_command(std::string_view line);

/// Asks the journals, one after another, and tells `then` on `home`, once. Called on `home`. The journals live until
/// then.
void answer_dead_command(shard& home, std::vector<journal*> journals, dead_command command,
                         std::function<void(command_answer)> then);

}  // namespace freshet
