#include "demo/server/server.hpp"

#include <freshet/time.hpp>

#include "base/interrupt.hpp"
#include "base/json.hpp"
#include "base/whole_number.hpp"
#include "demo/server/client.hpp"
#include "demo/server/files.hpp"
#include "demo/server/queue.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string_view>

namespace freshet::demonstration {

namespace {

constexpr std::chrono::seconds start_limit{60}, stop_limit{20};

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

/// What it has written until now.
std::string written(const owned_descriptor& d) {
    char text[4096];
    const ssize_t n = ::read(d.get(), text, sizeof text);
    return {text, n > 0 ? static_cast<std::size_t>(n) : 0};
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

std::string own_path() { return std::filesystem::read_symlink("/proc/self/exe").string(); }

own_folder::own_folder() : path_("/var/tmp/freshet-demo-XXXXXX") {
    if (::mkdtemp(path_.data()) == nullptr)
        throw std::runtime_error(fmt::format("no folder can be made in /var/tmp: {}", std::strerror(errno)));
}

own_folder::~own_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

demo_server::demo_server(const server_setting& setting)
    : socket_path_(folder_.path() + "/socket"),
      key_prefix_(std::filesystem::path(folder_.path()).filename().string() + ":"),
      on_broker_(!setting.queue.empty()) {
    const auto options = [&](std::size_t size_bytes) { return store_options(size_bytes, setting.pool); };
    std::ofstream(folder_.path() + "/freshet.toml")
        << fmt::format(configuration, fmt::arg("socket", socket_path_), fmt::arg("prefix", key_prefix_),
                       fmt::arg("cache", options(setting.cache_bytes)), fmt::arg("bulk", options(setting.bulk_bytes)),
                       fmt::arg("results", options(0)), fmt::arg("queue", queue_options_of(setting.queue)),
                       fmt::arg("calls", setting.calls), fmt::arg("ttl", value_ttl.count()));
    start();
}

void demo_server::start() {
    program_ = std::make_unique<running_program>(std::vector<std::string>{
        own_path(), "serve", "-c", folder() + "/freshet.toml", "--state", folder() + "/state", "--log-level", "error"});
    child_process& child = program_->child();
    std::array<pollfd, 1> output{{{child.output.get(), POLLIN, 0}}};
    const bool spoke = wait_for(output, start_limit);
    if (spoke && !written(child.output).empty()) {  // "listening on ..."
        if (on_broker_) wait_for_queue(socket_path_, key_prefix_ + "task:verify");
        return;
    }
    program_->kill();
    const std::string said = written(child.errors);
    std::string_view why = std::string_view(said).substr(0, said.find('\n'));
    if (why.starts_with("freshet: ")) why.remove_prefix(9);
    throw std::runtime_error(fmt::format("the server does not start: {}", why));
}

std::vector<std::string> demo_server::halt() {
    const pid_t id = program_->child().id;
    program_->signal(SIGSTOP);
    int status = 0;
    while (::waitpid(id, &status, WUNTRACED) < 0 && errno == EINTR) {}
    if (!WIFSTOPPED(status)) throw std::runtime_error("the server has ended by itself");
    return tasks_of_children(id);
}

void demo_server::go_on() { program_->signal(SIGCONT); }

void demo_server::kill() { program_->kill(); }

bool demo_server::stop() {
    program_->signal(SIGTERM);
    std::array<pollfd, 1> process{{{program_->child().process.get(), POLLIN, 0}}};
    if (!wait_for(process, stop_limit)) {
        program_->kill();
        return false;
    }
    return program_->wait() == 0;
}

}  // namespace freshet::demonstration
