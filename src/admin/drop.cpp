#include "admin/drop.hpp"

#include <freshet/error.hpp>

#include "admin/tool.hpp"
#include "base/escape.hpp"
#include "queue/journal/drop_request.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace freshet {

namespace {

constexpr std::string_view drop_line = "queue drop ";

std::string stays(std::string_view queue) {
    return fmt::format("the queue {} is named in the configuration, and stays\n", in_quotes(queue));
}

/// One command on its way through the journals.
class dropping final : public drop_request {
public:
    dropping(shard& on, std::vector<journal*> all, drop_command command, std::function<void(command_answer)> then)
        : all_(std::move(all)), then_(std::move(then)) {
        home = &on;
        queue = std::move(command.queue);
        with_all = command.with_all;
    }

    void begin() {
        std::copy_if(all_.begin(), all_.end(), std::back_inserter(journals_),
                     [this](journal* j) { return j->find(queue) != nullptr; });
        next();
    }

    void finish() override {
        held.reset();
        if (why) {
            answer_.done = false;
            answer_.text += fmt::format("{} {}, {}\n", why->subject, explain(why->code), to_string(why->effect));
        } else if (outcome != outcome::unknown) {
            answer_.done = answer_.done && outcome == outcome::dropped;
            answer_.text += sentence();
        }
        next();
    }

private:
    void next() {
        if (at_ < journals_.size()) return journals_[at_++]->drop(*this);
        const std::unique_ptr<dropping> self(this);
        then_(answer_.text.empty() ? no_such_queue(queue, all_) : std::move(answer_));
    }
    std::string sentence() const {
        if (outcome == outcome::configured) return stays(queue);
        const std::string what =
            fmt::format("{} ready, {} leased, {} delayed, {} dead{}", figures.ready, figures.leased, figures.delayed,
                        figures.dead.value_or(0), remembers ? ", and ids that add remembers" : "");
        return outcome == outcome::dropped
                   ? fmt::format("the queue {} is dropped: {}\n", in_quotes(queue), what)
                   : fmt::format("the queue {} is not empty: {}; --force drops it with all that\n", in_quotes(queue),
                                 what);
    }

    std::vector<journal*> all_, journals_;  ///< those that have it
    std::function<void(command_answer)> then_;
    std::size_t at_{0};
    command_answer answer_{true, {}};
};

}  // namespace

std::string to_line(const drop_command& c) {
    return fmt::format("{}{} {}", drop_line, c.queue, c.with_all ? "all" : "empty");
}

std::optional<drop_command> parse_drop_command(std::string_view line) {
    if (!line.starts_with(drop_line)) return std::nullopt;
    line.remove_prefix(drop_line.size());
    const std::size_t end = std::min(line.find(' '), line.size());
    const std::string_view name = line.substr(0, end), how = line.substr(std::min(end + 1, line.size()));
    if (name.empty() || (how != "all" && how != "empty")) return std::nullopt;
    return drop_command{std::string(name), how == "all"};
}

void answer_drop_command(shard& home, std::vector<journal*> journals, drop_command command,
                         std::function<void(command_answer)> then) {
    (new dropping(home, std::move(journals), std::move(command), std::move(then)))->begin();
}

int drop_queue(const config& c, const drop_command& command, std::span<const secret> secrets) {
    const auto is_it = [&](const queue_config& q) {
        return q.name == command.queue || (!q.later.empty() && q.name + "/later" == command.queue);
    };
    if (std::any_of(c.queues.begin(), c.queues.end(), is_it)) return say({false, stays(command.queue)}, secrets);
    const auto answer = [&command](shard& home, std::vector<journal*> journals,
                                   std::function<void(command_answer)> then) {
        answer_drop_command(home, std::move(journals), command, std::move(then));
    };
    const command_answer none{false, fmt::format("there is no queue {}: there is no journal in {}\n",
                                                 in_quotes(command.queue), c.state_folder)};
    return ask(c, to_line(command), answer, none, secrets);
}

}  // namespace freshet
