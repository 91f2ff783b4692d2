// Starts a program with three pipes, in a process group of its own, without copying this process.
#pragma once

#include <freshet/error.hpp>

#include "base/owned_descriptor.hpp"

#include <sys/types.h>

#include <string>
#include <vector>

namespace freshet {

struct child_process {
    pid_t id{0};                                   ///< of the process and of its group
    owned_descriptor process{};                    ///< a pidfd: readable once it has ended
    owned_descriptor input{}, output{}, errors{};  ///< our ends of its stdin, stdout and stderr, non-blocking
};

/// Starts `argv`, argv[0] an absolute path, with `environment` ("NAME=value"). It has no descriptors but the three
/// pipes, default signal dispositions, and is killed when the calling *thread* ends. From then on SIGPIPE is blocked in
/// the calling thread. Waits until the program is loaded. The problem says what did not work; it is no promise that it
/// will not work later.
result<child_process> spawn(const std::vector<std::string>& argv, const std::vector<std::string>& environment);

}  // namespace freshet
