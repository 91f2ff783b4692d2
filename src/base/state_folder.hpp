// The folder where a process keeps its journal and its control socket.
#pragma once

#include <freshet/error.hpp>

#include <optional>
#include <string>

namespace freshet {

/// Makes it, for its owner alone, if it is not there. The problem: it cannot be made or written to.
std::optional<problem> make_state_folder(const std::string& folder);
/// Whether that would go well, as far as it can be told without making it.
std::optional<problem> check_state_folder(const std::string& folder);
/// The folder itself, or the one above it that is there and that it will be made in.
std::string existing_folder(const std::string& folder);

}  // namespace freshet
