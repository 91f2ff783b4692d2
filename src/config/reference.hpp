// The text of docs/config.md.
#pragma once

#include <string>

namespace freshet {

/// docs/config.md, made from the table of options that reading uses.
std::string config_reference();

}  // namespace freshet
