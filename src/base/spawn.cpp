#include "base/spawn.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>

/// clone(2) under glibc's other name: the thread sanitizer takes a call of clone() for a fork, and the child, which
/// shares our memory, would turn the sanitizer off here.
extern "C" int __clone(int (*)(void*), void*, int, void*, ...) noexcept;

namespace freshet {

namespace {

constexpr std::size_t child_stack_size_bytes = std::size_t{64} << 10;

struct launch {
    char* const* argv;
    char* const* environment;
    int input, output, errors;
    pid_t parent;
    int error;
};

/// Runs in the child, which shares this process's memory until execve: raw system calls only, nothing that libc or a
/// sanitizer keeps book of.
[[gnu::no_sanitize("address", "thread", "undefined")]] int run_child(void* argument) {
    auto* const l = static_cast<launch*>(argument);
    ::syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0L, 0L, 0L);
    if (::syscall(SYS_getppid) != l->parent) ::syscall(SYS_exit_group, 127);  // it died before prctl
    ::syscall(SYS_setpgid, 0L, 0L);
    ::syscall(SYS_dup3, l->input, 0, 0);  // the ends are above 2: dup3 never meets itself, and clears close-on-exec
    ::syscall(SYS_dup3, l->output, 1, 0);
    ::syscall(SYS_dup3, l->errors, 2, 0);
    ::syscall(SYS_close_range, 3U, ~0U, 0U);
    const std::uint64_t nothing[8] = {};  // a struct sigaction of the kernel: SIG_DFL, no flags; and an empty mask
    for (int s = 1; s <= 64; ++s) ::syscall(SYS_rt_sigaction, s, nothing, nullptr, sizeof(std::uint64_t));
    ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, nothing, nullptr, sizeof(std::uint64_t));
    ::syscall(SYS_execve, l->argv[0], l->argv, l->environment);
    l->error = errno;
    ::syscall(SYS_exit_group, 127);
    return 127;
}

struct pipe_ends {
    owned_descriptor read, write;
};

/// Both ends above 2, so that they never are in the way of the child's own.
bool make_pipe(pipe_ends& ends) {
    int raw[2];
    if (::pipe2(raw, O_CLOEXEC) != 0) return false;
    ends.read = owned_descriptor(raw[0]);
    ends.write = owned_descriptor(raw[1]);
    for (owned_descriptor* end : {&ends.read, &ends.write}) {
        if (end->get() > 2) continue;
        *end = owned_descriptor(::fcntl(end->get(), F_DUPFD_CLOEXEC, 3));
        if (end->get() < 0) return false;
    }
    return true;
}

std::vector<char*> pointers(const std::vector<std::string>& strings) {
    std::vector<char*> to;
    to.reserve(strings.size() + 1);
    for (const std::string& s : strings) to.push_back(const_cast<char*>(s.c_str()));
    to.push_back(nullptr);
    return to;
}

void set_non_blocking(const owned_descriptor& d) { ::fcntl(d.get(), F_SETFL, ::fcntl(d.get(), F_GETFL) | O_NONBLOCK); }

problem cannot_start(const std::string& path, int error) {
    return {errc::no_worker, effect::not_done,
            fmt::format("{} cannot be started: {}", path, boost::system::system_category().message(error))};
}

}  // namespace

result<child_process> spawn(const std::vector<std::string>& argv, const std::vector<std::string>& environment) {
    pipe_ends input, output, errors;
    if (!make_pipe(input) || !make_pipe(output) || !make_pipe(errors)) return cannot_start(argv.front(), errno);
    const std::vector<char*> arguments = pointers(argv);
    const std::vector<char*> variables = pointers(environment);
    launch l{
        arguments.data(), variables.data(), input.read.get(), output.write.get(), errors.write.get(), ::getpid(), 0};

    // No handler of ours may run in the child, which has our memory.
    sigset_t all, before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    const auto stack = std::make_unique_for_overwrite<std::byte[]>(child_stack_size_bytes);
    const auto top = reinterpret_cast<std::uintptr_t>(stack.get() + child_stack_size_bytes) & ~std::uintptr_t{15};
    int process = -1;
    const pid_t id = ::__clone(run_child, reinterpret_cast<void*>(top), CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD,
                               &l, &process);
    const int error = id < 0 ? errno : l.error;
    // A child that does not read its input is no reason for this process to die; a thread that blocks it gets EPIPE
    // only.
    ::sigaddset(&before, SIGPIPE);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);

    child_process child;
    child.id = id;
    child.process = owned_descriptor(id < 0 ? -1 : process);
    if (error != 0) {
        if (id > 0) ::waitpid(id, nullptr, 0);
        return cannot_start(argv.front(), error);
    }
    child.input = std::move(input.write);
    child.output = std::move(output.read);
    child.errors = std::move(errors.read);
    set_non_blocking(child.input);
    set_non_blocking(child.output);
    set_non_blocking(child.errors);
    return child;
}

}  // namespace freshet
