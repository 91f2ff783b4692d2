#include "demo/server/child_server.hpp"

#include <freshet/time.hpp>

#include "base/interrupt.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <vector>

namespace freshet::demonstration {

namespace {

constexpr std::chrono::seconds start_limit{60}, stop_limit{20};

/// What it has written until now.
std::string written(const owned_descriptor& d) {
    char text[4096];
    const ssize_t n = ::read(d.get(), text, sizeof text);
    return {text, n > 0 ? static_cast<std::size_t>(n) : 0};
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

child_server::child_server()
    : socket_path_(folder_.path() + "/socket"),
      key_prefix_(std::filesystem::path(folder_.path()).filename().string() + ":") {}

void child_server::configure(std::string_view text) const { std::ofstream(folder_.path() + "/freshet.toml") << text; }

void child_server::start() {
    program_ = std::make_unique<running_program>(
        std::vector<std::string>{own_path(), "serve", "-c", folder_.path() + "/freshet.toml", "--state",
                                 folder_.path() + "/state", "--log-level", "error"});
    child_process& child = program_->child();
    std::array<pollfd, 1> output{{{child.output.get(), POLLIN, 0}}};
    const bool spoke = wait_for(output, start_limit);
    if (spoke && !written(child.output).empty()) return;  // "listening on ..."
    program_->kill();
    const std::string said = written(child.errors);
    std::string_view why = std::string_view(said).substr(0, said.find('\n'));
    if (why.starts_with("freshet: ")) why.remove_prefix(9);
    throw std::runtime_error(fmt::format("the server does not start: {}", why));
}

bool child_server::stop() {
    program_->signal(SIGTERM);
    std::array<pollfd, 1> process{{{program_->child().process.get(), POLLIN, 0}}};
    if (!wait_for(process, stop_limit)) {
        program_->kill();
        return false;
    }
    return program_->wait() == 0;
}

}  // namespace freshet::demonstration
