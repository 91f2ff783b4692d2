// ${NAME} in texts of a file: filled in from the environment before an option is checked.
#pragma once

#include <freshet/config.hpp>

#include <string>
#include <string_view>

namespace freshet::reading {

struct expansion {
    std::string text{};
    std::string mistake{};  ///< empty: the text can be used
};

/// ${NAME} becomes the variable's value, percent-encoded behind the "://" of a URL, so that a password may hold any
/// character; $${ becomes ${. A variable that is not set is a mistake. The mistake never holds a value.
expansion expand_environment(std::string_view text);
/// The name of a variable that a program of a flow may see; else a sentence.
std::string wrong_variable(std::string_view name);

}  // namespace freshet::reading
