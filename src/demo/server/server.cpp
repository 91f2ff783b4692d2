#include "demo/server/server.hpp"

#include "base/json.hpp"
#include "base/whole_number.hpp"
#include "demo/server/client.hpp"
#include "demo/server/files.hpp"
#include "demo/server/queue.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string_view>

namespace freshet::demonstration {

namespace {

/// The journal of a demo need not outlive the machine: /var/tmp may be in memory. Records have 80 KB at most; the size
/// of a store is at least twice item_size_max, and that of a small machine's cache is not much more.
/// What a failed server of a pool does shall be seen, not taken for a miss; and a result in it need not stay for long.
constexpr const char* configuration = R"([server]
listen = "unix:{socket}"
allow_exec = true
item_size_max = "256KiB"

[store.cache]
{cache}

[store.bulk]
{bulk}

[store.results]
{results}

[queue.verify]
max_attempts = 3
backoff = "100ms..1s"
confirm_within = "10s"
{queue}

[[route]]
prefix = "{prefix}package:"
store = "cache"

[[route]]
prefix = "{prefix}record:"
store = "bulk"

[[route]]
prefix = "{prefix}task:verify"
queue = "verify"

[[route]]
prefix = "{prefix}result:"
store = "results"
wait = "300ms"

[[flow]]
from = "verify"
call = {{ exec = ["/usr/bin/xargs", "/usr/bin/dpkg", "--verify", "--"], timeout = "30s" }}
concurrency = {calls}
into = "results"
key = "{prefix}result:{{id}}"
ttl = "{ttl}s"
)";

/// The options of a store of this size, or of these servers.
std::string store_options(std::size_t size_bytes, const std::vector<std::string>& pool) {
    if (pool.empty()) return size_bytes == 0 ? "" : fmt::format("size = {}", size_bytes);
    return fmt::format("url = {}\ntimeout = \"5s\"\non_get_error = \"error\"", json_list(pool));
}

std::string queue_options_of(const std::vector<std::string>& urls) {
    return urls.empty() ? "allow_tmpfs = true" : fmt::format("url = {}", json_list(urls));
}

pid_t parent_of(const std::string& process_folder) {
    const std::string stat = read_file(process_folder + "/stat");  // "PID (NAME) STATE PARENT ...", any byte in NAME
    const std::size_t name_end = stat.rfind(") ");
    if (name_end == std::string::npos || stat.size() <= name_end + 4) return 0;
    std::string_view rest = std::string_view(stat).substr(name_end + 4);
    return take_whole_number<pid_t>(rest).value_or(0);
}

std::optional<std::string> variable_of(const std::string& process_folder, std::string_view name) {
    const std::string environment = read_file(process_folder + "/environ");
    for (std::string_view rest = environment; !rest.empty();) {
        const std::string_view one = rest.substr(0, rest.find('\0'));
        if (one.starts_with(name) && one.substr(name.size()).starts_with('='))
            return std::string(one.substr(name.size() + 1));
        rest.remove_prefix(std::min(one.size() + 1, rest.size()));
    }
    return std::nullopt;
}

/// A child that has ended already has no environment any more and does not count.
std::vector<std::string> tasks_of_children(pid_t parent) {
    std::vector<std::string> ids;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const std::string name = entry.path().filename().string();
        if (name.find_first_not_of("0123456789") != std::string::npos) continue;
        if (parent_of(entry.path()) != parent) continue;
        if (auto task = variable_of(entry.path(), "FRESHET_ID")) ids.push_back(*std::move(task));
    }
    return ids;
}

}  // namespace

demo_server::demo_server(const server_setting& setting) : on_broker_(!setting.queue.empty()) {
    const auto options = [&](std::size_t size_bytes) { return store_options(size_bytes, setting.pool); };
    server_.configure(fmt::format(configuration, fmt::arg("socket", socket_path()), fmt::arg("prefix", key_prefix()),
                                  fmt::arg("cache", options(setting.cache_bytes)),
                                  fmt::arg("bulk", options(setting.bulk_bytes)), fmt::arg("results", options(0)),
                                  fmt::arg("queue", queue_options_of(setting.queue)), fmt::arg("calls", setting.calls),
                                  fmt::arg("ttl", value_ttl.count())));
    start();
}

void demo_server::start() {
    server_.start();
    if (on_broker_) wait_for_queue(socket_path(), key_prefix() + "task:verify");
}

std::vector<std::string> demo_server::halt() {
    const pid_t id = server_.program().child().id;
    server_.program().signal(SIGSTOP);
    int status = 0;
    while (::waitpid(id, &status, WUNTRACED) < 0 && errno == EINTR) {}
    if (!WIFSTOPPED(status)) throw std::runtime_error("the server has ended by itself");
    return tasks_of_children(id);
}

void demo_server::go_on() { server_.program().signal(SIGCONT); }

}  // namespace freshet::demonstration
