#include "obstacles.hpp"

#include "base/state_folder.hpp"
#include "config/broker_options.hpp"
#include "config/journals.hpp"
#include "engine/engine.hpp"
#include "queue/journal/journal.hpp"
#include "queue/kafka/kafka.hpp"
#include "server/listen/listen_check.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>

namespace freshet {

namespace {

std::string wrong_journal(const used_journal& j, const config& c) {
    const std::string& state_folder = c.state_folder;
    // its folder is made, if it is the state folder
    const std::string folder = std::filesystem::path(j.path).parent_path().string();
    const bool in_state_folder = file_identity(folder) == file_identity(state_folder);
    journal_options options;
    options.path = j.path;
    options.accept_loss = c.accept_loss;
    options.allow_tmpfs = j.allow_tmpfs;
    const auto sound = check_journal(options, in_state_folder ? existing_folder(state_folder) : "");
    return sound ? std::string() : sound.error().text;
}

/// The same file by two links is a lock for each of them.
const used_journal* same_file(const used_journal& j, const std::vector<used_journal>& all) {
    std::error_code ec;
    for (const used_journal& other : all) {
        if (&other == &j) return nullptr;
        if (std::filesystem::equivalent(other.path, j.path, ec)) return &other;
    }
    return nullptr;
}

void find_in_journals(const config& c, std::vector<obstacle>& to) {
    const auto all = journals_of(c);
    if (all.empty()) return;
    const used_journal& first = all.front();
    if (const auto wrong = check_state_folder(c.state_folder))
        return to.push_back({first.section, first.number, first.key, wrong->text});
    for (const used_journal& j : all) {
        const used_journal* const other = same_file(j, all);
        std::string wrong = other == nullptr ? wrong_journal(j, c)
                                             : fmt::format("{} and {} are one file by two names; write one of them",
                                                           other->path, j.path);
        if (!wrong.empty()) to.push_back({j.section, j.number, j.key, std::move(wrong)});
    }
    for (std::size_t i = 0; i < c.queues.size(); ++i) {
        std::string wrong = wrong_copies(c, c.queues[i]);
        if (!wrong.empty()) to.push_back({"queue", i, "copies", std::move(wrong)});
    }
}

void find_in_brokers(const config& c, std::vector<obstacle>& to) {
    for (std::size_t i = 0; i < c.queues.size(); ++i) {
        const queue_config& q = c.queues[i];
        if (!q.on_broker() || !q.on_kafka()) continue;
        const auto options = kafka_of(q, common_group);
        std::string wrong = options ? wrong_kafka_queue(*options) : options.error().text;
        if (!wrong.empty()) to.push_back({"queue", i, "kafka", std::move(wrong)});
    }
}

}  // namespace

std::vector<obstacle> find_obstacles(const config& c) {
    std::vector<obstacle> all;
    for (std::string& wrong : listening_obstacles(c.server.listen)) {
        if (!wrong.empty()) all.push_back({"server", 0, "listen", std::move(wrong)});
    }
    find_in_journals(c, all);
    find_in_brokers(c, all);
    return all;
}

}  // namespace freshet
