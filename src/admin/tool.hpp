// A command of the program that is about queues: the server answers that has them, or the program itself, if none runs.
#pragma once

#include <freshet/config.hpp>

#include "admin/answer.hpp"
#include "base/conceal.hpp"
#include "queue/journal/journal.hpp"
#include "shard/shard.hpp"

#include <functional>
#include <span>
#include <string>
#include <vector>

namespace freshet {

/// Tells `then` on `home`, once. Called on `home`. The journals live until then.
using answerer =
    std::function<void(shard& home, std::vector<journal*> journals, std::function<void(command_answer)> then)>;

/// Asks the server of the configuration's state folder by this line, or has `answer` answer with its journals if none
/// runs, and says what it is told. The exit status. `secrets`: what is not shown of a failure.
int ask(const config& c, const std::string& line, const answerer& answer, const command_answer& without_journal,
        std::span<const secret> secrets);
/// The same of an answer that is known.
int say(const command_answer& a, std::span<const secret> secrets);

}  // namespace freshet
