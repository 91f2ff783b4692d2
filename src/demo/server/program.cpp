#include "demo/server/program.hpp"

#include "base/interrupt.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <string_view>
#include <utility>

namespace freshet::demonstration {

namespace {

constexpr std::size_t output_size_bytes = std::size_t{256} << 10;
constexpr std::chrono::minutes run_limit{2};

std::vector<std::string> plain_environment() {
    std::vector<std::string> to;
    for (char** variable = ::environ; *variable != nullptr; ++variable) {
        const std::string_view v = *variable;
        if (!v.starts_with("LC_") && !v.starts_with("LANG")) to.emplace_back(v);
    }
    to.emplace_back("LC_ALL=C");
    return to;
}

/// False: its end was reached.
bool read_some(const owned_descriptor& from, std::string& to, std::span<char> buffer) {
    const ssize_t n = ::read(from.get(), buffer.data(), buffer.size());
    if (n > 0) to.append(buffer.data(), static_cast<std::size_t>(n));
    return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

}  // namespace

running_program::running_program(const std::vector<std::string>& argv)
    : child_(spawn(argv, plain_environment()).value()) {}

void running_program::signal(int number) {
    if (!ended_) ::kill(child_.id, number);
}

void running_program::kill() {
    signal(SIGKILL);
    wait();
}

int running_program::wait() {
    int status = 0;
    if (!std::exchange(ended_, true)) {
        while (::waitpid(child_.id, &status, 0) < 0 && errno == EINTR) {}
    }
    return status;
}

program_output run_program(const std::vector<std::string>& argv) {
    running_program program(argv);
    child_process& child = program.child();
    child.input = owned_descriptor();
    program_output result;
    const auto buffer = std::make_unique_for_overwrite<char[]>(output_size_bytes);
    const std::span<char> space(buffer.get(), output_size_bytes);
    std::array<pollfd, 2> ends{{{child.output.get(), POLLIN, 0}, {child.errors.get(), POLLIN, 0}}};
    while (ends[0].fd >= 0 || ends[1].fd >= 0) {
        if (!wait_for(ends, run_limit)) throw std::runtime_error(argv.front() + " does not come to an end");
        if (ends[0].revents != 0 && !read_some(child.output, result.output, space)) ends[0].fd = -1;
        if (ends[1].revents != 0 && !read_some(child.errors, result.errors, space)) ends[1].fd = -1;
    }
    const int status = program.wait();
    result.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return result;
}

}  // namespace freshet::demonstration
