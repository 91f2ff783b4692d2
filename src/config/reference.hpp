// docs/config.md as text: every option with its form, default and meaning. A test compares it with the file.
#pragma once

#include <string>

namespace freshet {

/// docs/config.md, made from the table of options that reading uses.
std::string config_reference();

}  // namespace freshet
