// A worker that is a program: the body on its standard input, the result from its standard output.
#pragma once

#include "flow/worker.hpp"
#include "shard/shard.hpp"

#include <string>
#include <vector>

namespace freshet {

/// `argv`: an absolute path and its arguments; no shell. Throws std::invalid_argument with a sentence where it is
/// neither. `variables`: of this process's environment, which it sees beside PATH, HOME and LANG. A result of more than
/// `result_size_max_bytes` is dead.
std::unique_ptr<flow_worker> make_exec_worker(shard& back, std::vector<std::string> argv,
                                              const std::vector<std::string>& variables,
                                              std::size_t result_size_max_bytes);

}  // namespace freshet
