// Other programs as the demo runs them: one to its end for what it prints, and how a started one is got rid of.
#pragma once

#include "base/spawn.hpp"

#include <string>
#include <vector>

namespace freshet::demonstration {

/// The process is killed and waited for when its owner goes.
class running_program {
public:
    /// With this process's environment, in the C locale. Throws std::runtime_error where it cannot be started.
    explicit running_program(const std::vector<std::string>& argv);
    ~running_program() { kill(); }
    running_program(const running_program&) = delete;
    running_program& operator=(const running_program&) = delete;

    child_process& child() noexcept { return child_; }
    void signal(int number);
    /// SIGKILL, and waits for the end.
    void kill();
    /// Waits for the end; the status of waitpid.
    int wait();

private:
    child_process child_;
    bool ended_{false};
};

struct program_output {
    int exit_status{0};  ///< -1: it died of a signal
    std::string output{};
    std::string errors{};
};

/// Runs a program to its end, with nothing on its standard input.
program_output run_program(const std::vector<std::string>& argv);

}  // namespace freshet::demonstration
