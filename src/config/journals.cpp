#include "config/journals.hpp"

#include "base/escape.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace freshet {

std::string journal_file(std::string_view url, const std::string& state_folder) {
    const std::string_view path = url.substr(url.find(':') + 1);
    const std::string name(path.empty() ? "journal.db" : path);
    return name.starts_with('/') || state_folder.empty() ? name : state_folder + "/" + name;
}

std::string file_identity(const std::string& path) {
    std::error_code ec;
    const auto whole = std::filesystem::absolute(path, ec);
    const auto real = std::filesystem::weakly_canonical(whole, ec);
    return ec ? whole.lexically_normal().string() : real.string();
}

namespace {

bool allows_tmpfs(const config& c, std::string_view queue) {
    return std::any_of(c.queues.begin(), c.queues.end(),
                       [queue](const queue_config& q) { return q.name == queue && q.allow_tmpfs; });
}

}  // namespace

std::string boxes_url(const config& c, const flow_config& f) {
    const auto named = [](const auto& all, const std::string& name) {
        return std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name == name; });
    };
    const auto store = named(c.stores, f.apply);
    const auto from = named(c.queues, f.from);
    if (store == c.stores.end() || store->in_memory() || from == c.queues.end()) return {};
    if (!from->on_broker()) return from->urls.front();
    return from->outbox.empty() ? "journal:" : from->outbox;
}

std::string wrong_copies(const config& c, const queue_config& q) {
    const std::string file = journal_file(q.urls.front(), c.state_folder);
    for (const queue_config& other : c.queues) {
        if (std::find(q.copies.begin(), q.copies.end(), other.name) == q.copies.end()) continue;
        if (q.on_broker() || other.on_broker())
            return fmt::format("copies: {} or {} is on a broker, and a transaction is in one file", in_quotes(q.name),
                               in_quotes(other.name));
        const std::string others = journal_file(other.urls.front(), c.state_folder);
        if (file_identity(others) == file_identity(file)) continue;
        return fmt::format("copies: {} is in {} and {} in {}, and a transaction is in one file; give both the same url",
                           in_quotes(q.name), file, in_quotes(other.name), others);
    }
    return {};
}

std::vector<used_journal> journals_of(const config& c) {
    std::vector<used_journal> all;
    const auto add = [&](const std::string& url, used_journal one) {
        one.path = journal_file(url, c.state_folder);
        const std::string identity = file_identity(one.path);
        for (used_journal& known : all) {
            if (file_identity(known.path) != identity) continue;
            known.allow_tmpfs = known.allow_tmpfs || one.allow_tmpfs;
            return;
        }
        all.push_back(std::move(one));
    };
    for (std::size_t i = 0; i < c.queues.size(); ++i) {
        const queue_config& q = c.queues[i];
        if (!q.on_broker()) add(q.urls.front(), {{}, q.allow_tmpfs, "queue", i, "url"});
        else if (!q.later.empty()) add(q.later, {{}, q.allow_tmpfs, "queue", i, "later"});
        if (!q.outbox.empty()) add(q.outbox, {{}, q.allow_tmpfs, "queue", i, "outbox"});
    }
    for (std::size_t i = 0; i < c.routes.size(); ++i) {
        if (c.routes[i].any_queue) add("journal:", {{}, c.made_queues.allow_tmpfs, "route", i, "queue"});
    }
    for (std::size_t i = 0; i < c.flows.size(); ++i) {
        const std::string url = c.flows[i].apply.empty() ? std::string() : boxes_url(c, c.flows[i]);
        if (!url.empty()) add(url, {{}, allows_tmpfs(c, c.flows[i].from), "flow", i, "apply"});
    }
    return all;
}

}  // namespace freshet
