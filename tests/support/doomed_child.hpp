// A child process that tells what it has done, line by line, through a pipe, until it is killed with SIGKILL.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace freshet::test {

/// What the child tells with. Any thread; a line is told whole or not at all.
class teller {
public:
    explicit teller(int descriptor) : descriptor_(descriptor) {}
    void tell(std::string line) const {
        line += '\n';
        // Lines are shorter than PIPE_BUF: they do not mix.
        if (::write(descriptor_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) ::_exit(3);
    }

private:
    int descriptor_;
};

/// Runs `work` in a child process and kills it once it has told `lines` lines. What it told, to the last whole line.
/// The process has one thread when this is called.
inline std::vector<std::string> run_until_killed(std::size_t lines, const std::function<void(const teller&)>& work) {
    int ends[2];
    if (::pipe(ends) != 0) return {};
    const pid_t child = ::fork();
    if (child == 0) {
        ::close(ends[0]);
        work(teller(ends[1]));
        ::_exit(0);
    }
    ::close(ends[1]);
    std::vector<std::string> told;
    std::string line;
    bool killed = false;
    char block[4'096];
    for (ssize_t size = 0; (size = ::read(ends[0], block, sizeof block)) > 0;) {
        for (const char c : std::string_view(block, static_cast<std::size_t>(size))) {
            if (c != '\n') line += c;
            else told.push_back(std::exchange(line, {}));
        }
        if (told.size() < lines || killed) continue;
        ::kill(child, SIGKILL);
        killed = true;
    }
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    if (!killed) told.push_back("ended by itself, status " + std::to_string(status));
    return told;
}

}  // namespace freshet::test
