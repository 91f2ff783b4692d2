// freshet queue drop: the end of a queue that clients have made.
#pragma once

#include <freshet/config.hpp>

#include "admin/answer.hpp"
#include "base/conceal.hpp"
#include "queue/journal/journal.hpp"
#include "shard/shard.hpp"

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace freshet {

struct drop_command {
    std::string queue{};   ///< without blanks
    bool with_all{false};  ///< with messages, dead letters and ids that `add` remembers, if it has some
};

/// One line without its end: "queue drop NAME empty|all".
std::string to_line(const drop_command& c);
/// Nothing: no such line.
std::optional<drop_command> parse_drop_command(std::string_view line);

/// Asks the journals that have it, one after another, and tells `then` on `home`, once. Called on `home`. The journals
/// live until then.
void answer_drop_command(shard& home, std::vector<journal*> journals, drop_command command,
                         std::function<void(command_answer)> then);

/// Asks the server of the configuration's state folder, or opens its journals if none runs. The exit status.
/// `secrets`: what it does not show when it fails.
int drop_queue(const config& c, const drop_command& command, std::span<const secret> secrets);

}  // namespace freshet
