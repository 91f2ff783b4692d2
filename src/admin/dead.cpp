#include "admin/dead.hpp"

#include "admin/tool.hpp"

#include <fmt/format.h>

#include <utility>

namespace freshet {

int dead(const config& c, const dead_command& command, std::span<const secret> secrets) {
    const auto answer = [&command](shard& home, std::vector<journal*> journals,
                                   std::function<void(command_answer)> then) {
        answer_dead_command(home, std::move(journals), command, std::move(then));
    };
    const command_answer none{true, fmt::format("no dead letters: there is no journal in {}\n", c.state_folder)};
    return ask(c, to_line(command), answer, none, secrets);
}

}  // namespace freshet
