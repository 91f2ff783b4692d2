#include "admin/dead.hpp"

#include "admin/tool.hpp"
#include "base/escape.hpp"
#include "queue/outbox/outbox.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <utility>

namespace freshet {

namespace {

/// Of one queue, or of all.
void point_to_brokers(const config& c, const std::string& queue) {
    for (const queue_config& q : c.queues) {
        if (q.on_broker() && (queue.empty() || queue == q.name + std::string(outbox_suffix)))
            fmt::print(stderr, "{}\n", where_the_dead_are(q));
    }
}

}  // namespace

std::string where_the_dead_are(const queue_config& q) {
    return fmt::format(
        "the dead letters of the queue {} are on its broker, in the {} of that name with .dead behind it; any tool of "
        "{} "
        "reads them",
        in_quotes(q.name), q.on_kafka() ? "topic" : "queue", q.on_kafka() ? "Kafka's" : "RabbitMQ's");
}

int dead(const config& c, const dead_command& command, std::span<const secret> secrets) {
    const auto answer = [&command](shard& home, std::vector<journal*> journals,
                                   std::function<void(command_answer)> then) {
        answer_dead_command(home, std::move(journals), command, std::move(then));
    };
    const command_answer none{true, fmt::format("no dead letters: there is no journal in {}\n", c.state_folder)};
    const int status = ask(c, to_line(command), answer, none, secrets);
    if (status == 0 && command.verb == dead_verb::list && !command.json) point_to_brokers(c, command.queue);
    return status;
}

}  // namespace freshet
